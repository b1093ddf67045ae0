"""Whether the encoder of an index can be opened here, and is the one that made it."""

from collections.abc import Iterator

from indexer.doctor.finding import Finding, failure, ok
from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.model_directory import must_be_fetched
from indexer.errors import InterlinguaError
from indexer.settings import IndexSettings

_SUBJECT = "encoder"


def examine_encoder(settings: IndexSettings | None) -> Iterator[Finding]:
    """Open an encoder and compare its fingerprint; nothing is fetched from anywhere.

    Args:
        settings: of the index; None looks at the default encoder.
    """
    if settings is not None and settings.vectors_only:
        what = f"{settings.encoder_name}: the vectors were made elsewhere, nothing here encodes"
        yield Finding("note", _SUBJECT, what, "search with --query-vectors")
        return
    spec = EncoderSpec() if settings is None else settings.encoder
    if must_be_fetched(spec.name, spec.revision):
        what = (
            f"{spec.name} is not in the Hugging Face cache and has to be fetched before it is used"
        )
        yield Finding("warning", _SUBJECT, what, "run a search once while there is a network")
        return
    try:
        encoder = open_encoder(spec)
        if settings is not None:
            settings.check(encoder)
    except InterlinguaError as error:
        yield failure(_SUBJECT, error)
        return
    what = f"{encoder.name}, {encoder.dim} dimensions, {encoder.arithmetic}"
    same = "the one that made the index" if settings is not None else "the default"
    yield ok(_SUBJECT, f"{what}; {same}, fingerprint {encoder.fingerprint[:12]}…")
