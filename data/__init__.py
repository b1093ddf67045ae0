"""The parallel corpus that comes with interlingua; see README.md beside this file."""

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus.jsonl"
"""Everyday sentences, each in every language: id, text, lang, group, topic."""
