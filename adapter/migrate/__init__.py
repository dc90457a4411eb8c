"""Migration: moving a tenant's records from one side to another, once each, with a ledger of what became of them."""
