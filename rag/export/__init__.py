"""What leaves the program: an Answer as JSON here, as a memo (Word, Markdown), and as an evidence pack that can be checked again.

``answer_to_json`` is the shape that ``ask --json`` prints and other programs read.
"""

from __future__ import annotations

from typing import Any

from rag.records import Answer, Citation, Hit, Refusal


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """{id, question, as_of, mode, refusal | null, statements, premises, answered, hits}; offsets count code points."""
    return {
        "id": answer.id,
        "question": answer.question,
        "as_of": answer.as_of.isoformat(),
        "mode": answer.mode,
        "refusal": _refusal(answer.refusal) if answer.refusal else None,
        "premises": [
            {
                "kind": premise.kind.value,
                "what": premise.what,
                "day": premise.day.isoformat() if premise.day else None,
                "instead": premise.instead,
            }
            for premise in answer.premises
        ],
        "answered": answer.answered,
        "statements": [
            {
                "text": statement.text,
                "status": statement.status.value,
                "role": statement.role.value,
                "decides": [statement.decides.start, statement.decides.end] if statement.decides else None,
                "folded": statement.folded,
                "citations": [_citation(c) for c in statement.citations],
            }
            for statement in answer.statements
        ],
        "hits": [_hit(hit) for hit in answer.hits],
    }


def _citation(citation: Citation) -> dict[str, Any]:
    return {
        "number": citation.number,
        "document_id": citation.document_id,
        "title": citation.title,
        "revision": citation.revision,
        "path": list(citation.path),
        "page": citation.page,
        "start": citation.span.start,
        "end": citation.span.end,
        "quote": citation.quote,
        "uri": citation.uri,
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "reason": refusal.reason.value,
        "documents": refusal.documents,
        "terms": list(refusal.terms),
        "missing": list(refusal.missing),
        "nearest": [_citation(citation) for citation in refusal.nearest],
        "suggestions": list(refusal.suggestions),
        "where": list(refusal.where),
    }


def _hit(hit: Hit) -> dict[str, Any]:
    return {
        "document_id": hit.chunk.document_id,
        "path": list(hit.chunk.path),
        "score": round(hit.score, 6),
        "found_by": dict(hit.found_by),
    }
