"""The measures of language bias: one file a kind, pure functions on arrays."""
