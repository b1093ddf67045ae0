"""The shapes of requests and answers, checked at the edge."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from indexer.limits import ID_LIMIT, has_control
from indexer.records import Operator
from search.merging import Merging, MergingName
from search.options import Mode
from service.limits import (
    MAX_AUDIT_QUERIES,
    MAX_BATCH,
    MAX_DIMENSION,
    MAX_DOCUMENT,
    MAX_K,
    MAX_LANGUAGES,
    MAX_TEXT,
)
from service.links import REPORT

_FIELDS = 64
_PRINTED = r"^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]+$"
_WRITTEN = r"^[^\u0000]*\S[^\u0000]*$"
_TAG = r"^([A-Za-z]{2,3}|[Xx][-_][A-Za-z0-9]{1,8})([-_][A-Za-z0-9]{1,8})*$"
"""Patterns are for the OpenAPI document; what checks a value says more of what is wrong with it."""


def _text(value: str) -> str:
    if not value.strip():
        raise ValueError("the text is blank")
    if "\0" in value:
        raise ValueError("the text holds a NUL character")
    return value


def _name(value: str) -> str:
    if len(value.encode()) > ID_LIMIT:
        raise ValueError(f"longer than {ID_LIMIT} bytes")
    if has_control(value):
        raise ValueError("holds a control character")
    return value


def _whole(value: object) -> object:
    """Take 10.0 for 10, as JSON Schema does: JSON knows one kind of number."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _few(value: object) -> object:
    """Refuse an object of many fields before each of them becomes an error of its own."""
    if isinstance(value, dict) and len(value) > _FIELDS:
        raise ValueError(f"more than {_FIELDS} fields")
    return value


Name = Annotated[
    str,
    Field(min_length=1, max_length=ID_LIMIT, json_schema_extra={"pattern": _PRINTED}),
    AfterValidator(_name),
]
Written = Annotated[str, Field(json_schema_extra={"pattern": _WRITTEN}), AfterValidator(_text)]
Text = Annotated[Written, Field(min_length=1, max_length=MAX_TEXT)]
Tag = Annotated[
    str,
    Field(
        min_length=1,
        max_length=64,
        examples=["en", "zh", "pt-BR"],
        json_schema_extra={"pattern": _TAG, "format": "bcp47"},
    ),
]
"""A language; one that is not registered is refused by :func:`normalise_language`."""
WHOLE = BeforeValidator(_whole)
Number = Annotated[float, Field(allow_inf_nan=False)]
Vector = Annotated[list[Number], Field(min_length=1, max_length=MAX_DIMENSION, fail_fast=True)]
K = Annotated[int, Field(ge=1, le=MAX_K, strict=True, description="Neighbours wanted."), WHOLE]
DebiasName = Literal[
    "none", "centring", "lir", "lsar", "leace", "abtt", "zca", "procrustes", "least-squares"
]
"""Those of :data:`indexer.transforms.METHODS`; a test compares them."""
Debias = Annotated[
    DebiasName | None,
    Field(
        description="Put the vectors through another method than the index's own, fitted on the "
        "index itself and kept in memory; none takes them as they were encoded."
    ),
]
Names = Annotated[list[Name], Field(max_length=MAX_BATCH)]
Operand = str | Annotated[bool, Field(strict=True)] | int | Number
Where = Annotated[
    dict[
        Name,
        str
        | Annotated[
            dict[Operator, Operand], Field(min_length=1, max_length=7), BeforeValidator(_few)
        ],
    ],
    Field(max_length=20, json_schema_extra={"additionalProperties": False}),
    BeforeValidator(_few),
]
WHERE = "Metadata of a document: a value, or values by operator; see docs/corpora.md."


class Strict(BaseModel):
    """A request: a field that nobody knows is an error, never ignored."""

    model_config = ConfigDict(extra="forbid")

    few = model_validator(mode="before")(_few)


_ASKED: JsonDict = {
    "anyOf": [
        {"required": [name], "properties": {name: {"type": kind}}}
        for name, kind in (("text", "string"), ("vector", "array"), ("id", "string"))
    ]
}


class QueryBody(Strict):
    """Who asks: a text, a vector made elsewhere, or a document of the index.

    ``id`` alone asks with the stored vector of that document; beside a text or a vector, ``id``
    and ``group`` say what it means.
    """

    model_config = ConfigDict(json_schema_extra=_ASKED)

    text: Text | None = Field(None, description="The query.")
    vector: Vector | None = Field(
        None, description="The query, encoded elsewhere; brought to unit length here."
    )
    lang: Tag | None = Field(
        None, description="Its language; detected when left out, und for a vector alone."
    )
    group: Name | None = Field(None, description="Documents of this group mean the same.")
    id: Name | None = Field(
        None, description="Its id; a document of this id and text is the query, and left out."
    )
    relevant: Names | None = Field(None, description="Ids of documents judged relevant.")


class MergingBody(Strict):
    """How the lists of the languages become one."""

    name: MergingName
    target_share: Annotated[float, Field(ge=0, le=1)] | None = Field(
        None, description="With quota: share of the answers in the query's language."
    )
    floor: Number | None = Field(
        None, description="With round-robin and quota: documents scored lower come last."
    )

    def made(self) -> Merging:
        """Make the merging.

        Raises:
            UsageError: an option that goes with another one.
        """
        return Merging(self.name, self.target_share, self.floor)


class Choice(Strict):
    """What may be returned, and how."""

    k: K = 10
    languages: Annotated[list[Tag], Field(max_length=MAX_LANGUAGES)] | None = Field(
        None, description="Return documents in these languages only."
    )
    where: Where | None = Field(
        None,
        description=WHERE,
        examples=[{"topic": "animals", "year": {">=": 2000, "<": 2010}}],
    )
    mode: Mode = Field(
        "dense",
        description="How neighbours are found: by vector, by shared words and characters "
        "(lexical), or by both (hybrid).",
    )
    by_document: bool = Field(
        False,
        description="Whether to return documents by their best chunks, where documents are cut.",
    )
    exact: bool = Field(
        False,
        description="Whether to compare with every vector, where the index would miss some.",
    )
    merging: MergingBody | None = Field(
        None, description="How languages are merged; as the index says when left out."
    )
    debias: Debias = None
    language_report: bool = Field(
        False, description="Whether to say how many neighbours share language and meaning."
    )


class SearchBody(QueryBody, Choice):
    """One query."""


class SearchManyBody(Choice):
    """Several queries, answered from one state of the index."""

    queries: Annotated[list[QueryBody], Field(min_length=1, max_length=MAX_BATCH)]


class TranslationsBody(Strict):
    """One meaning, asked in every version that the index holds of it."""

    group: Name = Field(description="The group that joins the versions.")
    k: K = 10
    mode: Mode = "dense"
    merging: MergingBody | None = None
    debias: Debias = None


class DocumentFields(Strict):
    """A document without its id."""

    text: Annotated[Written, Field(min_length=1, max_length=MAX_DOCUMENT)]
    lang: Tag | None = Field(None, description="Detected when left out.")
    group: Name | None = Field(None, description="Joins documents that mean the same.")
    metadata: dict[str, Any] = Field(default_factory=dict, description="Any JSON values.")


class DocumentBody(DocumentFields):
    """A document."""

    id: Name


class DocumentsBody(Strict):
    """Documents, added in one transaction: all of them or none."""

    documents: Annotated[list[DocumentBody], Field(min_length=1, max_length=MAX_BATCH)]


class AuditQuery(Strict):
    """A query of an audit, judged when ``group`` or ``relevant`` is given."""

    id: Name | None = None
    text: Text
    lang: Tag | None = None
    group: Name | None = None
    relevant: Names | None = None


class AuditBody(Strict):
    """How to audit; without queries every document asks for its own neighbours."""

    k: Annotated[list[K], Field(min_length=1, max_length=8)] = [1, 5, 10, 50]
    sample: Annotated[int, Field(ge=0, le=1_000_000, strict=True), WHOLE] | None = Field(
        None, description="Queries asked at most; 0 asks all."
    )
    seed: Annotated[int, Field(ge=0, lt=2**31, strict=True), WHOLE] = 0
    languages: Annotated[list[Tag], Field(max_length=MAX_LANGUAGES)] | None = None
    where: Where | None = Field(None, description=WHERE)
    as_served: bool = False
    peer: bool = False
    queries: (
        Annotated[list[AuditQuery], Field(min_length=1, max_length=MAX_AUDIT_QUERIES)] | None
    ) = None


class LinkBody(Strict):
    """A report to be opened."""

    path: Annotated[str, Field(pattern=f"^{REPORT.pattern}$", max_length=80)] = Field(
        description="The address of an audit, without its query."
    )


class EmbeddingsBody(BaseModel):
    """The request of OpenAI's embeddings, and ``input_type``."""

    input: Text | Annotated[list[Text], Field(min_length=1, max_length=MAX_BATCH, fail_fast=True)]
    model: Annotated[str, Field(min_length=1, max_length=200)]
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Field(ge=1, le=MAX_DIMENSION, strict=True), WHOLE] | None = Field(
        None, description="Only the encoder's own length is there."
    )
    input_type: Literal["query", "document", "search_query", "search_document"] = Field(
        "query", description="document encodes as the documents of the index were."
    )
    user: Annotated[str, Field(max_length=1000)] | None = Field(None, description="Not used.")
