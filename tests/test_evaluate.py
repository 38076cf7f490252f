"""Measuring: the figures equal those computed by hand, and a broken data set is named with its line."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from math import log2
from pathlib import Path

import pytest

from rag.ask import ask
from rag.errors import EvaluationError
from rag.evaluate import golden, retrieval
from rag.evaluate.beir import load
from rag.evaluate.golden import Place, Question, Result
from rag.library import Library
from rag.records import Chunk, Citation, Hit, Span
from rag.settings import Settings

from .conftest import TODAY, add

pytestmark = pytest.mark.xdist_group("model")

# Korean throughout: neither model can read it, so that the order is that of the keywords alone.
PASSAGES = {
    "three": "여비 청구 기한",
    "two": "여비 청구 서류",
    "one": "여비 구분 종류",
    "lone": "숙박료 상한",
    "never": "휴가 신고",
}
QUESTIONS = {"q-three": "여비 청구 기한", "q-lone": "숙박료 상한", "q-none": "우주선", "q-worthless": "여비", "q-unjudged": "여비"}
GRADES = [
    ("q-three", "one", 1),
    ("q-three", "never", 1),
    ("q-three", "two", 0),
    ("q-lone", "lone", 2),
    ("q-none", "never", 1),
    ("q-worthless", "two", 0),
]


def beir(folder: Path) -> Path:
    """A BEIR folder of the five passages."""
    folder.mkdir(exist_ok=True)
    rows = [{"_id": name, "title": "", "text": text} for name, text in PASSAGES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n\n", encoding="utf-8")
    asked = [{"_id": name, "text": text} for name, text in QUESTIONS.items()]
    (folder / "queries.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in asked), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *("\t".join(map(str, grade)) for grade in GRADES)]
    (folder / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


def measure(folder: Path, limit: int | None = None) -> retrieval.Report:
    return retrieval.evaluate(load(folder, limit=limit), settings=Settings(), progress=lambda what, done, of: None)


# ---------------------------------------------------------------- retrieval


def test_the_figures_are_those_computed_by_hand(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    home = Settings(home=tmp_path / "home")
    data = load(beir(tmp_path / "beir"))
    report = retrieval.evaluate(data, settings=home, progress=lambda what, done, of: told.append((what, done, of)))
    # q-three finds three, two, one in this order: "one" stands third, "never" is not found, "two" is judged worthless.
    # q-lone finds lone first. q-none finds nothing. The others have no passage that is worth anything and do not count.
    ndcg_three = (1 / log2(1 + 3)) / (1 / log2(1 + 1) + 1 / log2(1 + 2))
    assert report.measures == pytest.approx(
        {
            "nDCG@10": (ndcg_three + 1 + 0) / 3,
            "Recall@10": (1 / 2 + 1 + 0) / 3,
            "Recall@100": (1 / 2 + 1 + 0) / 3,
            "MRR@10": (1 / 3 + 1 + 0) / 3,
        }
    )
    assert report.per_query["nDCG@10"] == pytest.approx({"q-three": ndcg_three, "q-lone": 1.0, "q-none": 0.0})
    assert (report.name, report.passages, report.queries) == ("beir", 5, 3)
    assert report.passages_per_second is not None and report.passages_per_second > 0
    assert 0 < report.milliseconds_median <= report.milliseconds_p95
    assert told[:6] == [("passages", done, 5) for done in range(6)]
    assert told[6:] == [("questions", done, 3) for done in range(1, 4)]
    assert not home.home.exists(), "measuring does not touch the library at home"


def test_a_limit_that_leaves_no_question_says_so(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"no question has an answer among the passages. Raise --limit"):
        measure(beir(tmp_path), limit=1)


@pytest.mark.parametrize(
    ("file", "text", "says"),
    [
        ("corpus.jsonl", None, "corpus.jsonl cannot be read"),
        ("queries.jsonl", None, "queries.jsonl cannot be read"),
        ("qrels.tsv", None, "qrels.tsv cannot be read"),
        ("corpus.jsonl", '{"_id": "a"', "A BEIR folder has corpus.jsonl, queries.jsonl and qrels.tsv"),
        ("corpus.jsonl", '{"_id": "a", "text": "x"}\n{"_id": "b"}', "corpus.jsonl, line 2: 'text' is missing or not text"),
        ("corpus.jsonl", '{"_id": 1, "text": "x"}', "corpus.jsonl, line 1: '_id' is missing or not text"),
        ("queries.jsonl", '{"text": "x"}', "queries.jsonl, line 1: '_id' is missing or not text"),
        ("qrels.tsv", "a\tb\tc\nq-three\ttwo\t1\n", "needs the columns query-id, corpus-id and score"),
        ("qrels.tsv", "query-id\tcorpus-id\tscore\nq-three\ttwo\tmuch\n", "qrels.tsv cannot be read"),
        pytest.param(
            "qrels.tsv",
            "query-id\tcorpus-id\tscore\nq-three\ttwo\n",
            "qrels.tsv cannot be read",
        ),
        pytest.param(
            "corpus.jsonl",
            "[1, 2]",
            "corpus.jsonl, line 1",
        ),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, file: str, text: str | None, says: str) -> None:
    folder = beir(tmp_path)
    if text is None:
        (folder / file).unlink()
    else:
        (folder / file).write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        measure(folder)
    assert says in str(caught.value)
    assert str(folder) in str(caught.value)


# ---------------------------------------------------------------- golden: places


def cited(document: str, *path: str, page: int | None = None) -> Citation:
    return Citation(
        number=1, document_id=document, revision="r", span=Span(start=0, end=1), quote="a", path=path, page=page, title="", uri=""
    )


def hit(document: str, *path: str, pages: tuple[int, ...] = ()) -> Hit:
    span = Span(start=0, end=1)
    chunk = Chunk(id=1, document_id=document, revision="r", ordinal=0, span=span, path=path, pages=pages, level=1, text="a")
    return Hit(chunk=chunk, score=1.0, rank=1, found_by={})


@pytest.mark.parametrize(
    ("wanted", "element", "same"),
    [
        ("第十二条", "第十二条", True),
        ("第十二条", "第十二条の二", False),
        ("第十二条", "第十二条 旅費", True),
        ("第十条", "第十二条", False),
        ("3.2", "3.2 Rail", True),
        ("3.2", "3.21 Bus", False),
        ("3.2", "3.2.1 Night trains", False),
        ("3", "3. Rail", True),
        ("3", "30", False),
        ("3", "3-2", False),
        ("端数の処理", "５ 端数の処理", True),
        ("別表", "別表第一", True),
        ("Article 1", "Article 12", False),
        ("Rail", "Railway", True),  # whatever is not a number may go on
    ],
)
def test_a_place_is_one_provision_and_no_neighbour(wanted: str, element: str, same: bool) -> None:
    assert Place(document="d", path=wanted).holds(cited("d", "第一章", element, "第一項")) is same
    assert Place(document="d", path=wanted).found(hit("d", "第一章", element)) is same
    assert not Place(document="d", path=wanted).holds(cited("other", element))
    assert not Place(document="d", path=wanted).found(hit("other", element))


def test_a_place_may_be_a_page() -> None:
    place = Place(document="d", page=3)
    assert place.holds(cited("d", page=3)) and not place.holds(cited("d", page=4)) and not place.holds(cited("other", page=3))
    assert place.found(hit("d", pages=(2, 3))) and not place.found(hit("d", pages=(2,))) and not place.found(hit("other", pages=(3,)))


# ---------------------------------------------------------------- golden: sums


def result(verdict: str, language: str = "ja", hit_at_10: bool = False, unresolved: int = 0) -> Result:
    right = verdict in ("hit", "refused rightly")
    hit = verdict == "hit"
    return Result(
        id="q",
        text="",
        language=language,
        verdict=verdict,
        right=right,
        cited=(),
        hit_at_10=hit_at_10,
        first_screen=hit and language == "ja",
        leads=hit and language == "en",
        expected=2 * hit,
        statements=5 if verdict in ("hit", "miss") else 0,
        shown=4 if verdict in ("hit", "miss") else 0,
        unresolved=unresolved,
    )


def test_the_sums_of_a_report() -> None:
    report = golden.Report(
        results=(
            result("hit", hit_at_10=True),
            result("hit", "en", hit_at_10=True),
            result("miss", hit_at_10=True),
            result("refused", unresolved=1),
            result("refused rightly"),
            result("answered", unresolved=2),
        )
    )
    assert report.summary() == {
        "questions": "4 answerable, 2 not",
        "golden hit rate (en)": "1/1 (100.0%)",
        "golden hit rate (ja)": "1/3 (33.3%)",
        "golden hit rate": "2/4 (50.0%)",
        "first statement cites an expected provision": "1/4 (25.0%)",
        "of these before more": "1/4 (25.0%)",
        "statements that cite an expected provision": "4/15 (26.7%)",
        "expected passage in the first 10": "3/4 (75.0%)",
        "wrongly refused": "1/4 (25.0%)",
        "unanswerable, refused": "1/2 (50.0%)",
        "statements of an answer": "5.0, of which 4.0 before more (mean)",
        "citations that do not resolve": "3",
    }
    assert report.rate("hit", golden.ANSWERABLE) == 2 / 4
    assert report.rate("answered", golden.UNANSWERABLE) == 1 / 2
    assert golden.Report(results=()).rate("hit", golden.ANSWERABLE) == 0.0
    assert golden.Report(results=()).summary()["golden hit rate"] == "none"


# ---------------------------------------------------------------- golden: the file

FILE = """
[[question]]
id = "one"
text = "旅費はいつまでに請求しますか"
language = "ja"
as_of = 2026-04-01
expect = [{ document = "travel", path = "第二条" }, { document = "guide", page = 3 }]

[[unanswerable]]
id = "two"
text = "Where is the moon?"
language = "en"
why = "nothing says so"
"""


def test_golden_questions_are_read(tmp_path: Path) -> None:
    (tmp_path / "golden.toml").write_text(FILE, encoding="utf-8")
    assert golden.load(tmp_path / "golden.toml") == [
        Question(
            id="one",
            text="旅費はいつまでに請求しますか",
            language="ja",
            as_of=date(2026, 4, 1),
            expect=(Place(document="travel", path="第二条"), Place(document="guide", page=3)),
        ),
        Question(id="two", text="Where is the moon?", language="en"),
    ]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[question]", "cannot be read"),
        ('[[question]]\nid = "one"\ntext = "x"\nlanguage = "ja"', "question one: wrong or missing field 'expect'"),
        ('[[question]]\ntext = "x"\nlanguage = "ja"\nexpect = []', "question without an id: wrong or missing field 'id'"),
        ('[[question]]\nid = "one"\ntext = "x"\nlanguage = "ja"\nexpect = [{ path = "1" }]', "question one: wrong or missing field"),
        (
            '[[question]]\nid = "one"\ntext = "x"\nlanguage = "ja"\nexpect = [{ document = "d", line = 1 }]',
            "question one: wrong or missing field",
        ),
        ('[[unanswerable]]\nid = "two"\ntext = "x"', "question two: wrong or missing field 'language'"),
        pytest.param(
            '[question]\nid = "one"\ntext = "x"',
            "golden.toml",
        ),
    ],
)
def test_a_broken_golden_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "golden.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError) as caught:
        golden.load(file)
    assert says in str(caught.value)
    assert str(file) in str(caught.value)


def test_a_golden_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(EvaluationError, match=r"golden\.toml cannot be read"):
        golden.load(tmp_path / "golden.toml")


# ---------------------------------------------------------------- golden: asking

RULES = """# 旅費規程

## 第二条 請求

旅費は、翌月の末日までに請求しなければならない。

## 第三条 宿泊料

宿泊料は、一夜につき一万円を上限とする。
"""


@pytest.fixture
def rules(library: Library, tmp_path: Path) -> Library:
    """A library of two provisions."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "rules.md").write_text(RULES, encoding="utf-8")
    (tmp_path / "in" / "sources.toml").write_text(
        '[[document]]\nid = "travel"\nfile = "rules.md"\ntitle = "旅費規程"\nlevel = 1\n', encoding="utf-8"
    )
    assert [outcome.result.value for outcome in add(library, tmp_path / "in").values()] == ["added"]
    return library


def test_each_verdict(rules: Library) -> None:
    asked = [
        Question(id="hit", text="旅費はいつまでに請求しますか", language="ja", expect=(Place(document="travel", path="第二条"),)),
        Question(id="miss", text="旅費はいつまでに請求しますか", language="ja", expect=(Place(document="travel", path="第九条"),)),
        Question(id="refused", text="宇宙船", language="ja", expect=(Place(document="travel", path="第二条"),)),
        Question(id="rightly", text="宇宙船", language="ja"),
        Question(id="answered", text="宿泊料の上限", language="ja"),
    ]
    report = golden.evaluate(rules, asked, clearance=3, today=TODAY)
    assert [(r.id, r.verdict, r.right, r.hit_at_10) for r in report.results] == [
        ("hit", "hit", True, True),
        ("miss", "miss", False, False),
        ("refused", "refused", False, True),
        ("rightly", "refused rightly", True, False),
        ("answered", "answered", False, False),
    ]
    assert [r.unresolved for r in report.results] == [0] * 5
    assert any("旅費は、翌月の末日までに請求しなければならない。" in shown for shown in report.results[0].cited)


def test_a_citation_that_is_not_the_text_is_counted(rules: Library) -> None:
    answer = ask(rules, "宿泊料の上限", clearance=3, as_of=TODAY)
    (statement, *others) = answer.statements
    assert golden._unresolved(rules, answer, 3) == 0
    forged = replace(statement, citations=(replace(statement.citations[0], quote="宿泊料は出ない。"),))
    assert golden._unresolved(rules, replace(answer, statements=(forged, *others)), 3) == 1
