"""Bytes in and out: parameters and their grammar; the envelope in JSON, XML and YAML."""
