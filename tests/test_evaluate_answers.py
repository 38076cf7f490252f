"""Measuring answers and refusals: the figures equal those computed by hand, and a broken file is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from rag.ask import ask
from rag.errors import EvaluationError
from rag.evaluate import answers, beir, interval, refusal
from rag.evaluate.answers import Cited, Gold, hit, precision, recall
from rag.evaluate.retrieval import Bench, bench
from rag.settings import Settings

from .conftest import TODAY

pytestmark = pytest.mark.xdist_group("model")

PASSAGES = {
    "claims": "旅費は、翌月の末日までに請求しなければならない。",
    "hotel": "宿泊料は、一夜につき一万円を上限とする。",
    "leave": "休暇は届け出る。",
}


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Bench]:
    folder = tmp_path / "beir"
    folder.mkdir()
    rows = [{"_id": name, "title": "規程", "text": text} for name, text in PASSAGES.items()]
    (folder / "corpus.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    (folder / "queries.jsonl").write_text(json.dumps({"_id": "q", "text": "宿泊料"}, ensure_ascii=False), encoding="utf-8")
    (folder / "qrels.tsv").write_text("query-id\tcorpus-id\tscore\nq\thotel\t1\n", encoding="utf-8")
    with bench(beir.load(folder), settings=Settings(), progress=lambda name, done, total: None) as opened:
        yield opened


# ---------------------------------------------------------------- which provisions are cited


def test_precision_recall_and_hit_are_those_computed_by_hand() -> None:
    cited, gold = ("a", "b", "c", "d"), frozenset({"b", "x", "y"})
    assert precision(cited, gold) == 1 / 4
    assert recall(cited, gold) == 1 / 3
    assert hit(cited, gold) == 1.0
    assert (precision((), gold), recall((), gold), hit((), gold)) == (0.0, 0.0, 0.0)


def test_an_answer_is_measured_beside_as_many_passages_of_bm25(made: Bench) -> None:
    asked = [
        Gold(id="one", text="宿泊料の上限はいくらですか", passages=frozenset({"hotel"})),
        Gold(id="none", text="宇宙船", passages=frozenset({"hotel"})),
    ]
    report = answers.evaluate(made, asked, lambda done, total: None)
    one, none = report.results
    assert one.cited[0] == "hotel"
    assert len(one.baseline) == len(one.cited)
    assert "hotel" in one.baseline
    assert (one.refused, none.refused) == (False, True)
    assert (none.cited, none.baseline) == ((), ())
    assert one.unverified == none.unverified == 0
    assert made.library.settings.off == frozenset(), "the baseline's search is no setting that stays"
    summary = report.summary()
    assert summary["questions"] == "2, of which 1 answered"
    assert summary["citation recall"] == "1.000 [1.000, 1.000], BM25 1.000 [1.000, 1.000], ratio 1.00"
    assert summary["citations that do not resolve"] == "0"


def test_a_citation_that_is_not_the_text_is_counted(made: Bench) -> None:
    answer = ask(made.library, "宿泊料の上限はいくらですか", clearance=3, as_of=TODAY)
    (first, *others) = answer.statements
    forged = replace(first, citations=(replace(first.citations[0], quote="宿泊料は出ない。"),))
    assert answers.unverified(made, answer) == 0
    assert answers.unverified(made, replace(answer, statements=(forged, *others))) == 1


def cited(*passages: str, baseline: tuple[str, ...], gold: set[str]) -> Cited:
    """A question that was answered with these passages, or refused."""
    return Cited(
        id="q",
        refused=not passages,
        cited=passages,
        baseline=baseline,
        gold=frozenset(gold),
        unverified=0,
        statements=len(passages),
        characters=100,
        milliseconds=5.0,
    )


def test_a_ratio_is_that_of_the_means_over_what_was_answered() -> None:
    report = answers.Report(
        results=(
            cited("a", "b", baseline=("a", "c"), gold={"a", "b"}),
            cited("d", baseline=("e",), gold={"d"}),
            cited(baseline=(), gold={"z"}),
        )
    )
    summary = report.summary()
    ours, theirs = (2 / 2 + 1 / 1) / 2, (1 / 2 + 0) / 2
    assert report.estimates()["recall"].mean == ours
    assert summary["citation recall"].endswith(f"ratio {ours / theirs:.2f}")
    assert summary["passages cited"] == "1.5 an answer"
    assert summary["statements, characters before more"] == "2, 100 (median)"


def test_a_report_of_refusals_alone_has_no_ratio() -> None:
    summary = answers.Report(results=(cited(baseline=(), gold={"z"}),)).summary()
    assert summary["citation recall"].endswith("ratio none")
    assert summary["passages cited"] == "none"


def test_questions_without_gold_in_the_corpus_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "answers.jsonl"
    rows = [{"id": 1, "question": "甲", "gold_docs": ["a", "elsewhere"]}, {"id": 2, "question": "乙", "gold_docs": ["elsewhere"]}]
    file.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    assert answers.load(file, ["a", "b"]) == [Gold(id="1", text="甲", passages=frozenset({"a"}))]
    with pytest.raises(EvaluationError, match="no question stands on a passage of this corpus"):
        answers.load(file, ["b"])


@pytest.mark.parametrize("line", ["{", '{"id": 1}', '{"id": 1, "question": "x", "gold_docs": 3}'])
def test_a_broken_file_of_answers_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "answers.jsonl").write_text(line, encoding="utf-8")
    with pytest.raises(EvaluationError, match=r"answers\.jsonl cannot be read"):
        answers.load(tmp_path / "answers.jsonl", ["a"])


def test_an_interval_holds_its_mean_and_is_the_same_every_time() -> None:
    values = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0]
    found = interval.estimate(values)
    assert found.mean == 5 / 8
    assert found.low < 5 / 8 < found.high
    assert found == interval.estimate(values)
    assert interval.estimate([]).mean == 0.0


# ---------------------------------------------------------------- refusing


def test_the_area_is_the_chance_that_an_answerable_question_stands_higher() -> None:
    # Of six pairs four stand right, one is even.
    assert refusal.area([0.9, 0.5, 0.3], [0.5, 0.2]) == (1 + 1 + 0.5 + 1 + 0 + 1) / 6
    assert refusal.area([0.9], [0.1]) == 1.0


def test_both_errors_at_a_threshold() -> None:
    report = refusal.Report(answerable=(0.9, 0.6, 0.2), unanswerable=(0.7, 0.1), threshold=0.5)
    assert report.wrongly_refused(0.5) == 1 / 3
    assert report.rightly_refused(0.5) == 1 / 2
    assert report.wrongly_refused(0.2) == 0.0, "what stands at the threshold is answered"
    estimate = report.auroc()
    assert estimate.mean == np.mean([1, 1, 0, 1, 0, 1])
    assert estimate.low <= estimate.mean <= estimate.high


def test_questions_are_asked_and_drawn(made: Bench, tmp_path: Path) -> None:
    yes, no = [("宿泊料の上限はいくらですか", None)], [("宇宙船の燃料はどこで買えますか", None), ("", None)]
    told: list[int] = []
    report = refusal.evaluate(made.library, yes, no, lambda done, total: told.append(done))
    assert told == [1, 2, 3]
    assert report.answerable[0] > report.threshold
    assert report.unanswerable[1] == 0.0, "refused before anything was measured"
    refusal.draw(report, tmp_path / "errors.png")
    assert (tmp_path / "errors.png").read_bytes().startswith(b"\x89PNG")


def test_questions_are_read_from_lines_and_from_golden_files(tmp_path: Path) -> None:
    lines = tmp_path / "asked.jsonl"
    lines.write_text('{"question": "甲", "as_of": ""}\n\n{"_id": "2", "text": "乙", "as_of": "令和6年8月1日"}\n', encoding="utf-8")
    assert refusal.questions(lines, "question") == [("甲", None), ("乙", date(2024, 8, 1))]
    file = tmp_path / "golden.toml"
    file.write_text('[[question]]\ntext = "丙"\nas_of = 2026-04-01\n[[unanswerable]]\ntext = "丁"\n', encoding="utf-8")
    assert refusal.questions(file, "question") == [("丙", date(2026, 4, 1))]
    assert refusal.questions(file, "unanswerable") == [("丁", None)]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("asked.jsonl", '{"id": 1}', "cannot be read"),
        ("asked.jsonl", "[1]", "cannot be read"),
        ("asked.jsonl", '{"text": "x", "as_of": "soon"}', "as_of 'soon' is no day"),
        ("asked.jsonl", "\n", "holds no question"),
        ("golden.toml", "[[question]", "cannot be read"),
        ("golden.toml", "[[unanswerable]]\ntext = 'x'", "holds no question"),
    ],
)
def test_a_broken_file_of_questions_is_named(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(EvaluationError, match=says):
        refusal.questions(tmp_path / name, "question")


def test_some_questions_are_the_same_every_time() -> None:
    every: list[tuple[str, date | None]] = [(str(number), None) for number in range(50)]
    assert refusal.some(every, None) == refusal.some(every, 50) == every
    assert len(refusal.some(every, 5)) == 5
    assert refusal.some(every, 5) == refusal.some(every, 5)
