"""The codec: parameters in, JSON out, and the four directions."""
