"""Fields of every kind of record as the vendor shows and takes them."""
