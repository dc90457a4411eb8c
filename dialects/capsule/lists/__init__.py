"""Lists that never change: countries and currencies."""
