"""The reports of an audit: its verdict in words, on a terminal, in Markdown, as a page."""
