"""Bytes in and out: parameters and bodies as the vendor binds them, JSON as Go writes it, the envelope."""
