"""An index written out for other programs, or to build it again."""
