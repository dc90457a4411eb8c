"""The envelope and the parameters: bytes in, bytes out."""
