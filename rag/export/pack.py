"""An evidence pack: everything that an answer stands on, in one JSON file that can be checked again years later.

Its shape is ``pack.schema.json`` (JSON Schema 2020-12), which explains every field. The digest covers the pack's canonical form::

    digest = sha256( JSON of the pack without "digest", keys sorted, no spaces, UTF-8 )

It shows that a pack was changed by accident. Who changes one on purpose can make a new digest; the quotes, which are checked
against the documents themselves, cannot be made up that way.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from rag import __version__
from rag.answer.verify import verify
from rag.export import answer_to_json
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Answer, Citation, Document, Filters, Kind

FORMAT = "konkyo-evidence-pack"
VERSION = 1
"""Raised when a field changes its meaning or goes; new fields that may be missing do not raise it."""
SCHEMA_FILE = Path(__file__).with_name("pack.schema.json")

SHOWN = frozenset(
    "model model_download clearance batch keep_questions keep_days "
    "llm_url llm_model llm_azure_version llm_seconds llm_attempts llm_context llm_output llm_stream".split()
)
"""Settings that go into a pack. No other does, so that no key and no path of the machine can slip in."""

Load = Callable[[str, str], Document]
"""(document id, revision) -> the stored revision."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What an answer was given under."""

    made: datetime
    """With its time zone."""
    clearance: int
    """As which level the question was asked."""
    filters: Filters = field(default_factory=Filters)
    settings: Mapping[str, Any] = field(default_factory=dict)
    """Those of the program; only ``SHOWN`` are written."""
    models: Mapping[str, str] = field(default_factory=dict)
    """Role -> name or fingerprint: {"embedding": "...", "language": "..."}."""
    seconds: float | None = None
    """From the question to the answer."""
    typed: str = ""
    """What the reader typed, where the conversation before it was needed to understand it."""


def circumstances(library: Library, *, made: datetime, clearance: int, filters: Filters, seconds: float, typed: str = "") -> Circumstances:
    """What an answer of this library was given under."""
    return Circumstances(
        made=made,
        clearance=clearance,
        filters=filters,
        settings={field.name: getattr(library.settings, field.name) for field in fields(library.settings)},
        models={f"embedding_{number}": str(_shown(model.fingerprint)) for number, (model, _) in enumerate(library.models, start=1)},
        seconds=seconds,
        typed=typed,
    )


def pack(answer: Answer, load: Load, about: Circumstances) -> dict[str, Any]:
    """The pack of an answer or a refusal, digest included; ready for ``json.dumps``.

    Raises:
        CitationError: a quote is not what ``load`` gives.
    """
    said = answer_to_json(answer)
    refusal = said["refusal"]
    shown = [c for s in answer.statements for c in s.citations] + list(answer.refusal.nearest if answer.refusal else ())
    citations = {citation.number: citation for citation in shown}
    revisions = {(c.document_id, c.revision): load(c.document_id, c.revision) for c in citations.values()}
    for citation in citations.values():
        verify(citation, revisions[citation.document_id, citation.revision])
    if refusal:
        refusal["nearest"] = [citation["number"] for citation in refusal["nearest"]]
    for statement in said["statements"]:
        statement["citations"] = [citation["number"] for citation in statement["citations"]]
    made = about.made.astimezone(UTC).replace(microsecond=0)
    body: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "program": {"name": "Konkyo", "version": __version__},
        "made": made.isoformat().replace("+00:00", "Z"),
        "seconds": round(about.seconds, 3) if about.seconds is not None else None,
        "level": max((document.source.level or HIGHEST_LEVEL for document in revisions.values()), default=1),
        "question": answer.question,
        "typed": about.typed or answer.question,
        "as_of": said["as_of"],
        "asked_as_level": about.clearance,
        "filters": _filters(about.filters),
        "answer": {name: value for name, value in said.items() if name not in ("question", "as_of", "hits")},
        "citations": [_citation(citation) for _, citation in sorted(citations.items())],
        "revisions": [_revision(document) for document in revisions.values()],
        "hits": [
            {
                "rank": hit.rank,
                "score": round(hit.score, 6),
                "found_by": dict(hit.found_by),
                "document_id": hit.chunk.document_id,
                "revision": hit.chunk.revision,
                "path": list(hit.chunk.path),
                "start": hit.chunk.span.start,
                "end": hit.chunk.span.end,
            }
            for hit in answer.hits
        ],
        "models": {**about.models, **({"language": answer.model} if answer.model else {})},
        "prompts": {"write": answer.prompts} if answer.prompts else {},
        "settings": {name: _shown(value) for name, value in sorted(about.settings.items()) if name in SHOWN},
    }
    return {**body, "digest": digest(body)}


def digest(pack: Mapping[str, Any]) -> str:
    """sha256 of a pack's canonical form, in hex."""
    body = {name: value for name, value in pack.items() if name != "digest"}
    return hashlib.sha256(json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def dumps(pack: Mapping[str, Any]) -> str:
    """A pack as the text of a file, fit to be read by people."""
    return json.dumps(pack, ensure_ascii=False, indent=2) + "\n"


def text_digest(document: Document) -> str:
    """sha256 of a document's text as it was read: what the offsets count in."""
    return hashlib.sha256(document.text.encode()).hexdigest()


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document_id": citation.document_id,
        "revision": citation.revision,
        "path": list(citation.path),
        "page": citation.page,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
    }


def _revision(document: Document) -> dict[str, Any]:
    source = document.source
    days = {"issued": source.issued, "effective_from": source.effective_from, "effective_to": source.effective_to}
    return {
        "document_id": document.id,
        "sha256": document.revision,
        "text_sha256": text_digest(document),
        "characters": len(document.text),
        "file": source.uri,
        "format": document.format,
        "title": source.title,
        "number": source.number,
        "issuer": source.issuer,
        "kind": source.kind.value,
        "authority": source.kind.authority,
        **{name: day.isoformat() if day else None for name, day in days.items()},
        "level": source.level or HIGHEST_LEVEL,
        "licence": source.licence,
    }


def _filters(filters: Filters) -> dict[str, list[str]]:
    return {
        "issuers": sorted(filters.issuers),
        "kinds": [kind.value for kind in Kind if kind in filters.kinds],
        "documents": sorted(filters.documents),
    }


def _shown(value: Any) -> Any:
    """A setting's value; of an address, what stands before its query, without name and password; of a path, its last part."""
    if isinstance(value, Path):
        return value.name
    if isinstance(value, str) and "://" in value:
        parts = urlsplit(value)
        return urlunsplit((parts.scheme, re.sub(r"^.*@", "", parts.netloc), parts.path, "", ""))
    if isinstance(value, str) and value.startswith(("/", "~")):
        return Path(value).name
    return value if isinstance(value, (str, int, float, bool)) or value is None else str(value)
