"""What an index is fixed to when it is made: its encoder, its dimension, its role."""

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from indexer.chunking import Chunking
from indexer.detectors import DEFAULT_DETECTOR
from indexer.encoders.protocol import VECTORS_ONLY, Encoder, EncoderSpec, Probed
from indexer.encoders.vectors_only import REMEDY
from indexer.errors import CorruptError, IncompatibleError
from indexer.records import Role, Vectors
from indexer.remedies import RESTORE

SAME = 0.9999
"""Least cosine of the vectors that one encoder gives to one text at two times."""


@dataclass(frozen=True, slots=True)
class IndexSettings:
    """Fixed at creation and stored in the database."""

    encoder: EncoderSpec
    """How to open the encoder again."""
    encoder_name: str
    """What people call it."""
    fingerprint: str
    """SHA-256 over everything that shapes the vectors, 64 hexadecimal digits."""
    parts: Mapping[str, str]
    """What the fingerprint is made of, by name."""
    dim: int
    """Length of a vector."""
    role: Role
    """What the documents were to the encoder."""
    arithmetic: str
    """Device and number format of the first build; recorded, no part of the fingerprint."""
    probe: str | None = None
    """What an encoder whose weights cannot be hashed made of texts that never change: rows of
    float16 in base64."""
    detector: str = DEFAULT_DETECTOR
    """What told the languages of documents without a label, and tells those of queries."""
    lexical: bool = True
    """Whether texts are kept for lexical search, too; older indexes have no choice: they are."""
    chunking: Chunking | None = None
    """Where documents are cut; None leaves them whole, as in older indexes."""

    @classmethod
    def of(
        cls,
        encoder: Encoder,
        spec: EncoderSpec,
        role: Role,
        detector: str = DEFAULT_DETECTOR,
        *,
        lexical: bool = True,
        chunking: Chunking | None = None,
    ) -> Self:
        """Describe an opened encoder, the role it is used in, and what was chosen beside it."""
        return cls(
            encoder=spec,
            encoder_name=encoder.name,
            fingerprint=encoder.fingerprint,
            parts=dict(encoder.parts),
            dim=encoder.dim,
            role=role,
            arithmetic=encoder.arithmetic,
            probe=_packed(encoder.probe()) if isinstance(encoder, Probed) else None,
            detector=detector,
            lexical=lexical,
            chunking=chunking,
        )

    def check(self, encoder: Encoder) -> None:
        """Refuse any encoder but the one the documents were encoded with.

        Raises:
            IncompatibleError: naming the parts that differ, or that an encoder of the same name
                makes other vectors than it did.
        """
        if (encoder.fingerprint, encoder.dim) == (self.fingerprint, self.dim):
            if self.probe is not None and isinstance(encoder, Probed):
                self._check_probe(self.probe, encoder.probe())
            return
        remedy = f"use {self.encoder_name} as it was, or build a new index with {encoder.name}"
        if self.vectors_only:
            remedy = REMEDY
        raise IncompatibleError(
            f"the index was made by {self.encoder_name}, not by {encoder.name}: "
            f"{_differences(self.parts, encoder.parts) or 'the fingerprints differ'}",
            remedy,
        )

    def check_choices(
        self,
        path: Path,
        *,
        role: Role,
        detector: str,
        lexical: bool,
        chunking: Chunking | None = None,
    ) -> None:
        """Refuse to go on with a build in another way than it began.

        Raises:
            IncompatibleError: naming what differs.
        """
        kept = {True: "--lexical", False: "--no-lexical"}
        for ours, given in (
            (f"--role {self.role}", f"--role {role}"),
            (f"--detector {self.detector}", f"--detector {detector}"),
            (kept[self.lexical], kept[lexical]),
            (_options(self.chunking), _options(chunking)),
        ):
            if ours != given:
                raise IncompatibleError(
                    f"{path}: its build began with {ours}, not with {given}",
                    f"go on with {ours}, or start in another directory",
                )

    def _check_probe(self, known: str, found: Vectors) -> None:
        cosines = (_unpacked(known, self.dim) * found).sum(axis=1)
        if cosines.min() < SAME:
            raise IncompatibleError(
                f"{self.encoder_name} has changed behind its name: the same texts now get vectors "
                f"at cosine {cosines.min():.4f} to those of the index",
                "build a new index, or name a server that still has the old model with --encoder",
            )

    @property
    def vectors_only(self) -> bool:
        """Whether the vectors were made elsewhere, so that no text can be encoded like them."""
        return self.encoder.name.partition(":")[0] == VECTORS_ONLY

    def to_row(self) -> tuple[str, int]:
        """Serialise for the database: JSON and its checksum."""
        text = json.dumps(asdict(self), ensure_ascii=False, sort_keys=True)
        return text, zlib.crc32(text.encode())

    @classmethod
    def from_row(cls, text: str, crc32: int, place: str) -> Self:
        """Read what :meth:`to_row` wrote, after checking it.

        Raises:
            CorruptError: the checksum does not match.
        """
        if zlib.crc32(text.encode("utf-8", "surrogateescape")) != crc32:
            raise CorruptError(
                f"{place}: the settings of the index are damaged",
                RESTORE,
            )
        fields = json.loads(text)
        chunking = fields.get("chunking")
        return cls(
            **{
                **fields,
                "encoder": EncoderSpec.from_json(fields["encoder"]),
                "chunking": None if chunking is None else Chunking(**chunking),
            }
        )


def _packed(rows: Vectors) -> str:
    return base64.b64encode(rows.astype("<f2").tobytes()).decode()


def _options(chunking: Chunking | None) -> str:
    if chunking is None:
        return "no --chunk"
    overlap = f" --overlap {chunking.overlap}" if chunking.overlap else ""
    return f"--chunk {chunking.unit}:{chunking.size}{overlap}"


def _unpacked(rows: str, dim: int) -> Vectors:
    """Read (n, dim) unit rows."""
    found: Vectors = np.frombuffer(base64.b64decode(rows), "<f2").reshape(-1, dim).astype("f4")
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    return found


def _differences(ours: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """List the parts that differ: ``weights 1a2b… is 3c4d…``."""
    names = sorted(n for n in {*ours, *theirs} if ours.get(n) != theirs.get(n))
    return ", ".join(f"{n} {_short(ours.get(n))} is {_short(theirs.get(n))}" for n in names)


def _short(value: str | None) -> str:
    return "absent" if value is None else value if len(value) <= 16 else f"{value[:12]}…"
