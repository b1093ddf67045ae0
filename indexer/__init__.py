"""Embed a multilingual corpus and keep it: vectors in FAISS, everything else in SQLite."""
