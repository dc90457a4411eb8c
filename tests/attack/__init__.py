"""Attacks on a running server, in a short form; `make attack` runs them. docs/security.md tells what each showed."""
