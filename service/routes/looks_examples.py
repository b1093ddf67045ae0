"""Requests and answers of the operations that look at an index, for the OpenAPI document."""

from typing import Any

from service.routes.examples import HOW

OPTIONS: dict[str, Any] = {
    "state": 7,
    "modes": ["dense", "lexical", "hybrid"],
    "debias": [
        {"name": "none", "does": "leaves vectors as they were encoded", "hindered": None},
        {"name": "centring", "does": "subtracts the mean of the language", "hindered": None},
    ],
    "merging": [{"name": "none", "does": "by score"}],
    "own": HOW,
}
MAP: dict[str, Any] = {
    "state": 7,
    "documents": 4,
    "explained": [0.41, 0.12],
    "debias": "none",
    "points": [
        {
            "x": 0.12,
            "y": -0.05,
            "id": "faq-17-en",
            "lang": "en",
            "group": "faq-17",
            "text": "How do I return a parcel?",
        }
    ],
}
ASK_TRANSLATIONS: dict[str, Any] = {"group": "cat", "k": 2}
TRANSLATIONS: dict[str, Any] = {
    "state": 7,
    "group": "cat",
    "k": 2,
    "versions": 3,
    "how": HOW,
    "asked": [
        {
            "id": "en1",
            "lang": "en",
            "text": "A cat leapt off the roof.",
            "hits": 2,
            "observed": {"en": 1, "de": 1},
            "same_meaning": {"de": 1},
            "expected": {"en": 0.86, "de": 0.57, "he": 0.57},
            "expected_same_meaning": 0.57,
            "relevant": 2,
        }
    ],
}
