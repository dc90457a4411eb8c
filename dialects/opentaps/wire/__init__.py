"""Bytes in and out: parameters, ids and moments as they are written, the envelope."""
