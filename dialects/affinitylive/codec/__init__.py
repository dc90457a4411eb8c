"""Bytes out: the envelope in JSON, XML and YAML; and the four directions."""
