"""The tables of what the vendor shows and takes: its own objects, users, and the system modules."""
