"""The shapes of answers, for the OpenAPI document; and answers made from ours."""

from typing import Any, Literal

from pydantic import BaseModel, Field

from indexer.records import Document
from search.answer import Answer
from search.explain import explain
from search.options import Mode
from search.render import answer_json
from search.report import LanguageReport
from service.engine import Served
from service.jobs import State

STATE = Field(ge=0, description="Number of the index's state that this was answered from.")


class ProblemAnswer(BaseModel):
    """A problem document (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    remedy: str | None = None
    errors: list[dict[str, str]] | None = None
    error: dict[str, str | None] | None = Field(
        None, description="The same as clients of OpenAI read it; of /v1/embeddings alone."
    )


class QueryAnswer(BaseModel):
    """The query as it was understood."""

    id: str | None
    text: str | None
    lang: str
    lang_source: Literal["given", "detected"]
    lang_probability: float | None
    group: str | None
    fitted: bool | None = Field(
        None,
        description="Whether the transform was fitted on its language; null without a transform.",
    )


class HitAnswer(BaseModel):
    """One neighbour."""

    rank: int
    id: str
    document: str = Field(description="The document that it is a chunk of; else its own id.")
    score: float = Field(
        description="Higher is nearer: the cosine, BM25 (lexical) or the sum of reciprocal ranks "
        "(hybrid)."
    )
    lang: str
    group: str | None
    text: str
    metadata: dict[str, Any]
    same_language: bool
    same_meaning: bool | None
    duplicate: bool


class How(BaseModel):
    """How an answer came about."""

    mode: Mode
    debias: str = Field(description="Method that the vectors were put through.")
    merging: str
    exact: bool = Field(description="Whether no neighbour can have been missed.")


class SearchAnswer(BaseModel):
    """``interlingua.search/1``; the report and its explanation are null unless asked for."""

    schema_: Literal["interlingua.search/1"] = Field(alias="schema")
    mode: Mode
    state: int = STATE
    query: QueryAnswer
    hits: list[HitAnswer]
    language_report: LanguageReport | None = Field(
        description="See docs/concepts.md; null where something is undefined."
    )
    explanation: str | None = Field(None, description="The report in plain words, line by line.")
    how: How


class SearchManyAnswer(BaseModel):
    """Answers in the order of the queries."""

    schema_: Literal["interlingua.searches/1"] = Field(alias="schema")
    state: int = STATE
    answers: list[SearchAnswer]


class DocumentAnswer(BaseModel):
    """A document of the index."""

    id: str
    text: str
    lang: str
    lang_source: Literal["given", "detected"]
    lang_probability: float | None = None
    group: str | None
    metadata: dict[str, Any]
    state: int = STATE


class ChangeAnswer(BaseModel):
    """What a change did."""

    added: int
    replaced: int
    deleted: int
    state: int = STATE


class JobAnswer(BaseModel):
    """An audit that waits, runs or has ended."""

    id: str
    state: State
    created: str
    started: str | None = None
    ended: str | None = None
    done: int = Field(description="Queries done.")
    total: int | None = None
    audit: int | None = Field(None, description="Its number among the audits kept in the index.")
    note: str | None = Field(None, description="Why it failed, or was not kept.")


class JobsAnswer(BaseModel):
    """Audits of this process, the newest first."""

    jobs: list[JobAnswer]


class KeptAudit(BaseModel):
    """One audit that is kept in the index."""

    id: int
    created: str
    seq: int
    summary: dict[str, Any]


class AuditsAnswer(BaseModel):
    """``interlingua.audits/1`` without the path of the server."""

    schema_: Literal["interlingua.audits/1"] = Field(alias="schema")
    audits: list[KeptAudit]


class Embedding(BaseModel):
    """One vector."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class Usage(BaseModel):
    """Tokens the encoder saw."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(BaseModel):
    """OpenAI's list of embeddings."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class Live(BaseModel):
    """The process answers."""

    status: Literal["ok"]


def search_answer(answer: Answer, served: Served, report: bool) -> dict[str, Any]:
    """Make the answer to one query; one by vector alone has no text."""
    document: dict[str, Any] = {"state": served.state, **answer_json(answer)}
    if not answer.query.text:
        document["query"]["text"] = None
    if not report:
        document["language_report"] = None
    document["explanation"] = (
        explain(answer.report, answer.query.lang, answer.mode) if report else None
    )
    document["how"] = how(served)
    return document


def how(served: Served) -> dict[str, str | bool]:
    """Say how answers came about."""
    return {
        "mode": served.mode,
        "debias": served.debias,
        "merging": str(served.merging),
        "exact": served.exact,
    }


def document_answer(document: Document, state: int) -> dict[str, Any]:
    """Make the answer to a request for a document."""
    return {
        "id": document.id,
        "text": document.text,
        "lang": document.lang,
        "lang_source": document.lang_source,
        "lang_probability": document.lang_probability,
        "group": document.group,
        "metadata": dict(document.metadata),
        "state": state,
    }
