"""How the tests of readers read a corpus."""

from pathlib import Path

from indexer.corpus import Fields, read_corpus
from indexer.records import Document
from indexer.rejects import Rejects

USUAL = Fields()


class Reading:
    """What came of reading a source: documents, places, refusals, notes."""

    def __init__(
        self,
        *sources: Path | str,
        format: str | None = None,  # noqa: A002
        fields: Fields = USUAL,
        lang: str | None = None,
        tolerated: int = 1000,
    ) -> None:
        """Read everything."""
        self.notes: list[str] = []
        rejects = Rejects(tolerated)
        records = list(
            read_corpus(
                [str(source) for source in sources],
                format=format,
                fields=fields,
                lang=lang,
                rejects=rejects,
                note=self.notes.append,
            )
        )
        self.documents: list[Document] = [record.document for record in records]
        self.texts = [document.text for document in self.documents]
        self.places = [record.place.rpartition("/")[2] for record in records]
        self.refused = {
            place.rpartition("/")[2]: reason
            for reason, tally in rejects.reasons.items()
            for place in tally.places
        }
        self.rejects = rejects
