"""What each resource shows and takes: one table per resource, for both directions."""
