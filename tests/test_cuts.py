"""Ways to cut: what they cut, and how far one reads."""

from __future__ import annotations

from pathlib import Path

from rag.evaluate import cuts
from rag.evaluate.cuts import Piece
from rag.evaluate.golden import Place, Question
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Span
from rag.search import search

from .conftest import TODAY, add

RULES = "# Fares\n\n## 1 Penguins\n\nA penguin pays half. It waits in line.\n\n## 2 Walruses\n\nA walrus pays twice.\n"


def spans(*pairs: tuple[int, int]) -> list[Span]:
    return [Span(start=start, end=end) for start, end in pairs]


def test_windows_cover_the_text() -> None:
    assert cuts.windows("abcdefgh", 3) == spans((0, 3), (3, 6), (6, 8))
    assert cuts.windows("abc      def", 3) == spans((0, 3), (9, 12))  # what holds nothing is no piece
    assert cuts.windows("", 3) == []


def test_whole_sentences_fill_the_size_and_never_break() -> None:
    text = "Aa bb. Cc dd. Ee ff."
    assert [span.cut(text) for span in cuts.whole_sentences(text, 13)] == ["Aa bb. Cc dd.", "Ee ff."]
    assert [span.cut(text) for span in cuts.whole_sentences(text, 3)] == ["Aa bb.", "Cc dd.", "Ee ff."]


def test_one_reads_until_a_wanted_piece_ends() -> None:
    found = [Piece(document=name, span=Span(start=start, end=end)) for name, start, end in (("a", 0, 10), ("b", 5, 12), ("a", 20, 30))]
    wanted = [Piece(document="a", span=Span(start=25, end=40))]
    assert cuts.read_until(found, wanted) == 10 + 7 + 10
    assert cuts.read_until(found, [Piece(document="a", span=Span(start=10, end=20))]) == 0  # neighbours do not touch
    assert cuts.read_until(found, []) == 0


def test_pieces_are_found_where_they_stand(library: Library, tmp_path: Path) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / "fares.md").write_text(RULES, encoding="utf-8")
    add(library, folder)
    document = library.document(library.published[0].document_id, clearance=HIGHEST_LEVEL)
    penguins = Question(id="q", text="penguin", language="en", expect=(Place(document=document.id, path="1 Penguins"),))
    answers = cuts.answering(document, penguins)
    assert " ".join(one.span.cut(document.text) for one in answers) == "A penguin pays half. It waits in line."

    cut = cuts.windows(document.text, 24)
    assert cuts.of_whole_sentences(document, [answers[0].span]) == 1
    assert cuts.of_whole_sentences(document, cut) < len(cut)
    assert cuts.of_one_provision(document, [answers[0].span, Span(start=0, end=len(document.text))]) == 1

    cuts.index(library, [(document, cut)])
    for question in ("penguin", "walrus"):
        pieces = [cuts.piece(hit) for hit in search(library, question, clearance=HIGHEST_LEVEL, as_of=TODAY).hits]
        assert {one.document for one in pieces} == {document.id}
        assert any(question in one.span.cut(document.text) for one in pieces)
