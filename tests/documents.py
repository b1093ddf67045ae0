"""A few documents in three languages that several tests build on."""

from interlingua import Document

CATS_AND_APPLES = (
    Document("en1", "A cat leapt off the roof.", "en", "cat", {"topic": "animals"}),
    Document("en2", "A cat leapt off the wall.", "en", "wall", {"topic": "animals"}),
    Document("en3", "Wash the apples first.", "en", "wash", {"topic": "food"}),
    Document("de1", "Eine Katze sprang vom Dach.", "de", "cat", {"topic": "animals"}),
    Document("de2", "Wasch zuerst die Äpfel.", "de", "wash", {"topic": "food"}),
    Document("he1", "חתול קפץ מהגג.", "he", "cat", {"topic": "animals"}),
)
"""Group ``cat`` in all of them, ``wash`` in two, ``wall`` in one."""
