"""Machinery that serves any dialect and names none."""
