"""What the gate sees, each thing in a document made for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rag.chunk import chunk
from rag.desk import gate, near
from rag.ingest import Ingester
from rag.library import Library
from rag.records import Block, BlockKind, Document, Span
from rag.registry import DRAFT
from tests.conftest import TODAY
from tests.small import document, library_at, publish, sha256

DATES: dict[str, Any] = {"issued": date(2026, 3, 1), "effective_from": date(2026, 4, 1)}
LONG = " ".join(f"Rule {n}: form {n * 7} is handed in at desk {n % 5} within {n + 2} days." for n in range(60))


def looked(library: Library, *documents: Document, today: date = TODAY) -> dict[str, list[gate.Finding]]:
    with Ingester(library, draft=True, clearance=3) as ingester:
        for item in documents:
            ingester.add(item)
        ingester.flush()
    numbers = {r.number: r.document_id for r in library.registry.revisions(DRAFT)}
    return {numbers[n]: found for n, found in gate.look(library, list(numbers), today=today).items()}


def codes(findings: list[gate.Finding]) -> set[str]:
    return {finding.code for finding in findings}


def paged(*pages: str) -> Document:
    text, blocks = "", []
    for number, words in enumerate(pages, start=1):
        if words:
            blocks.append(Block(kind=BlockKind.TEXT, span=Span(start=len(text), end=len(text) + len(words)), page=number))
            text += words + "\n"
    made = document("paged", "x", **DATES)
    return replace(made, text=text, blocks=tuple(blocks), pages=len(pages))


def test_a_good_document_is_green(tmp_path: Path) -> None:
    assert looked(library_at(tmp_path), document("rule", LONG, **DATES)) == {"rule": []}


@pytest.mark.parametrize(
    ("changes", "code", "stops"),
    [
        ({"effective_from": None}, "no-effective-date", True),
        ({"issued": None}, "no-issued-date", False),
        ({"level": None}, "no-level", False),
        ({"title": " "}, "no-title", True),
        ({"effective_to": date(2026, 5, 1)}, "ended", False),
        ({"effective_to": date(2020, 1, 1)}, "ends-before", True),
        ({"effective_from": date(2027, 1, 1)}, "coming", False),
        ({"replaces": "ghost"}, "replaces-unknown", False),
    ],
)
def test_what_is_known_of_it(tmp_path: Path, changes: dict[str, Any], code: str, stops: bool) -> None:
    (found,) = looked(library_at(tmp_path), document("rule", LONG, **{**DATES, **changes}))["rule"]
    assert (found.code, found.stops) == (code, stops)
    assert found.sentence.endswith(".") and "{" not in found.sentence


def test_a_review_date_that_passed(tmp_path: Path) -> None:
    library = library_at(tmp_path)
    library.registry.desk.correct("rule", "", {"review_on": "2026-11-22"}, user="kato")
    assert codes(looked(library, document("rule", LONG, **DATES))["rule"]) == {"review-passed"}
    assert looked(library, document("rule", LONG, **DATES), today=date(2026, 11, 22))["rule"] == []


@pytest.mark.parametrize(("bare", "stops"), [(1, False), (2, True)])
def test_pages_without_text(bare: int, stops: bool) -> None:
    made = paged(*["words enough to be quoted here"] * (10 - bare), *[""] * bare)
    (found,) = gate.of_the_text(made, chunk(made))
    assert (found.code, found.values["n"], found.stops) == ("pages-without-text", bare, stops)


def test_no_text_at_all() -> None:
    made = replace(document("rule", "x"), text="", blocks=())
    assert codes(list(gate.of_the_text(made, chunk(made)))) == {"no-text"}


@pytest.mark.parametrize("text", ["\ufffd" * 10, "\ue001" * 10, "(cid:17)(cid:3)", "縺薙ｌ縺ｯ縺ｧ縺励ｇ縺�"])
def test_characters_that_are_none(text: str) -> None:
    assert gate.garbled(text + "あ" * 90) > gate.GARBLED


def test_ordinary_text_is_not_garbled() -> None:
    assert (
        gate.garbled("旅費は、実費による。ただし、上限を超えない。繧（よう）") < gate.GARBLED or gate.garbled("旅費は、実費による。") == 0.0
    )
    assert gate.garbled("Naïve café – “quoted”") == 0.0


@pytest.mark.parametrize(("percent", "stops"), [(79, True), (80, False)])
def test_certainty_of_ocr(percent: int, stops: bool) -> None:
    made = replace(paged("words enough"), warnings=(f"page 1 was read by OCR, {percent} % sure",))
    (found,) = gate.of_the_text(made, chunk(made))
    assert (found.code, found.values, found.stops) == ("ocr-unsure", {"page": 1, "percent": percent}, stops)


def test_giant_and_empty_passages() -> None:
    made = document("rule", LONG)
    (first, *_) = chunk(made)
    passages = [replace(first, text="x" * (gate.GIANT + 1)), replace(first, text=" 1")]
    assert codes(list(gate.of_the_text(made, passages))) == {"giant-passages", "empty-passages"}


def test_the_same_bytes_and_nearly_the_same_words(tmp_path: Path) -> None:
    library = library_at(tmp_path)
    original = document("rule", LONG, **DATES)
    publish(library, [original])
    twin = replace(original, id="twin")
    nearly = replace(document("nearly", LONG.replace("Rule 30", "Rule 30a"), **DATES), id="nearly")
    other = document("other", LONG[::-1], **DATES)
    found = looked(library, twin, nearly, other)
    assert codes(found["twin"]) == {"same-bytes"}
    assert codes(found["nearly"]) == {"near-duplicate"} and found["nearly"][0].values["other"] in ("rule", "twin")
    assert found["other"] == []


def test_a_revision_is_no_duplicate_of_its_own_document(tmp_path: Path) -> None:
    library = library_at(tmp_path)
    publish(library, [document("rule", LONG, **DATES)])
    assert looked(library, document("rule", LONG.replace("Rule 30", "Rule 30a"), **DATES))["rule"] == []


def law(id: str, title: str, words: dict[int, str]) -> Document:
    """A law of articles with one paragraph each."""
    text, blocks = "", []
    for n, said in words.items():
        head = f"第{n}条"
        blocks.append(Block(kind=BlockKind.ARTICLE, span=Span(start=len(text), end=len(text) + len(head)), path=(head,)))
        text += head + "　"
        blocks.append(Block(kind=BlockKind.PARAGRAPH, span=Span(start=len(text), end=len(text) + len(said)), path=(head, "第一項")))
        text += said + "\n"
    return replace(document(id, "x", title=title, **DATES), text=text, blocks=tuple(blocks), revision=sha256(text))


def test_references_that_lead_nowhere(tmp_path: Path) -> None:
    def rule(last: int) -> Document:
        return law("law", "旅費規程", {n: f"第{n % 9 + 1}条の規定は、この場合について準用する。" for n in range(1, last + 1)})

    assert codes(looked(library_at(tmp_path / "a"), rule(9))["law"]) == set()
    (found,) = looked(library_at(tmp_path / "b"), rule(6))["law"]
    assert (found.code, found.values["n"], found.values["of"], found.stops) == ("unresolved", 1, 6, False)


@pytest.mark.parametrize(("to", "stops"), [("第九条", True), ("別表第一", False)])
def test_tables_in_a_file_of_their_own_stop_nothing(tmp_path: Path, to: str, stops: bool) -> None:
    (found,) = looked(library_at(tmp_path), law("law", "旅費規程", dict.fromkeys(range(1, 6), f"その額は、{to}に定める額とする。")))["law"]
    assert (found.code, found.values["n"], found.stops) == ("unresolved", 5, stops)


@pytest.mark.parametrize(("lost", "stops"), [(1, False), (2, True)])
def test_references_to_what_another_document_does_not_have(tmp_path: Path, lost: int, stops: bool) -> None:
    library = library_at(tmp_path)
    publish(library, [law("travel", "旅費規程", dict.fromkeys((1, 2, 3), "旅費は、実費による。"))])
    articles = [1] * (6 - lost) + [7] * lost
    rule = law("rule", "宿泊規程", {n: f"旅費規程第{article}条の規定による。" for n, article in enumerate(articles, start=1)})
    (found,) = looked(library, rule)["rule"]
    values = {"n": lost, "of": 6, "example": "旅費規程第七条"}
    assert (found.code, found.stops, found.values) == ("unresolved-elsewhere", stops, values)
    newer = law("travel", "旅費規程", dict.fromkeys((1, 7), "旅費は、概算による。"))
    newer = replace(newer, source=replace(newer.source, uri="newer.md", effective_from=date(2026, 9, 1)))
    assert looked(library, newer)["rule"] == [], "it is in a revision"


@pytest.mark.parametrize(
    "words",
    [
        "改正前の旅費規程第九条による。",  # another version
        "特別旅費規程第九条による。",  # the end of another name
        "旅費規程別表第二による。",  # of the tables nothing was read
    ],
)
def test_what_another_document_need_not_have(tmp_path: Path, words: str) -> None:
    library = library_at(tmp_path)
    publish(library, [law("travel", "旅費規程", dict.fromkeys((1, 2, 3), "旅費は、実費による。"))])
    found = looked(library, law("rule", "宿泊規程", dict.fromkeys(range(1, 7), words)))["rule"]
    assert "unresolved-elsewhere" not in codes(found)


def test_references_to_laws_that_are_not_here_are_a_note(tmp_path: Path) -> None:
    words = {1: "宇宙旅行法第三条に規定する者とする。", 2: "宇宙旅行法第五条及び深海旅行法第一条による。", 3: "同法第二条の例による。"}
    (found,) = looked(library_at(tmp_path), law("rule", "宿泊規程", words))["rule"]
    assert (found.code, found.stops, found.values) == ("not-here", False, {"n": 2, "example": "宇宙旅行法"})


# ------------------------------------------------------------ MinHash


def test_resemblance_is_the_share_of_common_shingles() -> None:
    chance = np.random.default_rng(5)
    letters = "".join(chance.choice(list("abcdefghijklmnopqrstuvwxyz"), 40_000))
    for cut in (4_000, 20_000, 36_000):
        one, other = letters[:cut] + letters[::-1][: 40_000 - cut], letters
        sets = [{text[i : i + near.SHINGLE] for i in range(len(text) - near.SHINGLE + 1)} for text in (one, other)]
        true = len(sets[0] & sets[1]) / len(sets[0] | sets[1])
        assert near.resemblance(near.signature(one), near.signature(other)) == pytest.approx(true, abs=3 / np.sqrt(near.PLACES) / 2)


def test_white_space_and_width_make_no_difference() -> None:
    assert near.resemblance(near.signature(LONG), near.signature(LONG.replace(" ", "\n").upper())) == 1.0
    assert near.resemblance(near.signature("短い"), near.signature("短い")) == 1.0
