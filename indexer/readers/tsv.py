"""TSV: as CSV, with tabs."""

from indexer.readers.csv import table

READER = table("tsv", "\t", "a table with tabs", (".tsv", ".tab"))
