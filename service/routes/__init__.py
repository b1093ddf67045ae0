"""One file a resource; each makes the router of its operations."""
