"""Debiasing chosen by evidence: every method fitted on one part and judged on another."""
