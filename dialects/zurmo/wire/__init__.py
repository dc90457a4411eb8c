"""Bytes in and out: the parameters of a request, the envelope of an answer."""
