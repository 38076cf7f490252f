"""The sample ministry: every document is read, says that it is fictional, and holds what the golden questions expect of it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from rag import sources
from rag.evaluate.golden import Place, Question, evaluate, load
from rag.library import Library
from rag.read import ocr
from rag.records import Citation, Document, Kind, Span
from rag.settings import Settings
from tests.conftest import CORPUS, TODAY

QUESTIONS = load(CORPUS / "golden.toml")
GOLDEN_HITS = 147
"""What `python -m rag evaluate golden` printed when search was last changed."""


@pytest.fixture(scope="module")
def documents(sample_home: Path) -> dict[str, list[Document]]:
    library = Library(Settings(home=sample_home))
    found: dict[str, list[Document]] = {}
    for revision in library.published:
        found.setdefault(revision.document_id, []).append(library.registry.document(revision.document_id, revision.sha256))
    library.close()
    return found


def test_there_are_enough_documents_of_both_languages() -> None:
    entries = sources.load(CORPUS).entries.values()
    languages = Counter({document_id: source.language for document_id, source in entries}.values())
    assert sum(languages.values()) >= 24
    assert languages["ja"] >= 17
    assert languages["en"] >= 7
    assert all(source.licence == "CC0-1.0" and source.title and source.issuer and source.level for _, source in entries)


def test_every_listed_file_is_there_and_every_document_is_read_but_the_scan_without_tesseract(documents: dict[str, list[Document]]) -> None:
    entries = sources.load(CORPUS).entries
    assert [name for name in entries if not (CORPUS / name).is_file()] == []
    assert {document_id for document_id, _ in entries.values()} - set(documents) == ({"notice-1998-scan"} if ocr.missing() else set())


def test_every_document_says_that_it_is_fictional(documents: dict[str, list[Document]]) -> None:
    silent = [id_ for id_, revisions in documents.items() for d in revisions if "架空" not in d.text and "ictional" not in d.text]
    assert silent == []


def test_the_act_has_a_past_a_present_and_a_coming_revision(sample: Library) -> None:
    act = [revision.source for revision in sample.published if revision.document_id == "act"]
    assert len(act) == 3
    assert sum(source.effective_from is not None and source.effective_from > TODAY for source in act) == 1
    assert sum(source.effective_to is not None and source.effective_to < TODAY for source in act) == 1


def test_every_kind_of_document_occurs() -> None:
    assert {source.kind for _, source in sources.load(CORPUS).entries.values()} >= set(Kind) - {Kind.OTHER, Kind.MANUAL}


def test_there_are_enough_golden_questions() -> None:
    answerable = [question for question in QUESTIONS if question.expect]
    assert len(answerable) >= 80
    assert len(QUESTIONS) - len(answerable) >= 25
    assert len({question.id for question in QUESTIONS}) == len(QUESTIONS)


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.expect], ids=lambda q: q.id)
def test_what_a_golden_question_expects_exists(question: Question, documents: dict[str, list[Document]]) -> None:
    if ocr.missing() and {place.document for place in question.expect} == {"notice-1998-scan"}:
        pytest.skip("Tesseract is not installed: the scan is left out")
    for place in question.expect:
        assert any(_holds(place, document) for document in documents[place.document]), place


def _holds(place: Place, document: Document) -> bool:
    def as_citation(path: tuple[str, ...], page: int | None) -> Citation:
        return Citation(
            number=1, document_id=document.id, revision="", span=Span(start=0, end=1), quote="", path=path, page=page, title="", uri=""
        )

    return any(place.holds(as_citation(block.path, block.page)) for block in document.blocks)


@pytest.mark.slow
def test_golden_questions_every_citation_resolves_and_the_hit_rate_does_not_fall(sample: Library) -> None:
    report = evaluate(sample, QUESTIONS, clearance=3, today=TODAY)
    print(report.summary())
    assert sum(result.unresolved for result in report.results) == 0
    hits = sum(result.verdict == "hit" for result in report.results)
    assert hits >= GOLDEN_HITS - 2
