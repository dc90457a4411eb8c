"""Who calls: bearer tokens on resources, client credentials and grants on the OAuth endpoints."""
