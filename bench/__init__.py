"""CPU time per request against a floor and an obvious app: ``make bench``. README.md has method and figures."""
