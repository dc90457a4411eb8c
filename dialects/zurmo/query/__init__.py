"""The three search languages, the pages and the sorts: all become one canonical query."""
