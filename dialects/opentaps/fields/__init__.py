"""The fields of activities and contacts, by their names on the wire."""
