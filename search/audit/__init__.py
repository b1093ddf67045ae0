"""The language-bias audit of an index: what it measures, its result, its reports."""
