"""The canonical CRM core: one vocabulary, one store, no wire and no vendor word."""
