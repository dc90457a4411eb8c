"""Bytes in and out: bodies, texts and pairs in XML and JSON, which of the two; names that the wire lists."""
