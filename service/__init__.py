"""The HTTP service: routes, limits and safety around `search` and `indexer`."""
