"""A release let through or held back, by what its audit says."""
