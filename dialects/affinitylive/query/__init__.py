"""Filters, search, order and paging, into the one query tree."""
