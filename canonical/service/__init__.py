"""What the core does: operations carried out on a store, accounts kept."""
