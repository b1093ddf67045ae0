"""Two audits held against each other, query by query."""
