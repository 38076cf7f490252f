"""Explaining, switching off and comparing: what is said of a question is what search did, and an index is made once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from rag.errors import EvaluationError
from rag.evaluate import ablation, retrieval
from rag.evaluate.beir import load
from rag.evaluate.explain import SHOWN, explain
from rag.evaluate.retrieval import Bench, Report, bench
from rag.index.keyword import WEIGHTS
from rag.settings import PARTS, Settings

pytestmark = pytest.mark.xdist_group("model")

ASKED = {
    "q-found": "旅費はいつまでに請求しますか",
    "q-outranked": "旅費の請求の期限と書類",
    "q-elsewhere": "宿泊料の上限はいくらですか",
    "q-korean": "휴가 신고",
}
ANSWERS = {"q-found": "claim", "q-outranked": "other-12", "q-elsewhere": "korean", "q-korean": "korean"}


def quiet(what: str, done: int, of: int) -> None:
    """No progress."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BEIR folder: one article that answers, fourteen that share words with it, and one in a language that no model reads."""
    made = tmp_path_factory.mktemp("beir")
    passages = {"claim": "旅費は、翌月の末日までに請求しなければならない。", "korean": "휴가 신고"}
    passages |= {f"other-{n:02}": f"旅費の請求の期限と書類の{'様式' * (n + 1)}は、別に定める。" for n in range(14)}
    rows = [{"_id": name, "title": "" if name == "korean" else "旅費規程", "text": text} for name, text in passages.items()]
    (made / "corpus.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    asked = [{"_id": name, "text": text} for name, text in ASKED.items()]
    (made / "queries.jsonl").write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in asked), encoding="utf-8")
    lines = ["query-id\tcorpus-id\tscore", *(f"{question}\t{passage}\t1" for question, passage in ANSWERS.items())]
    (made / "qrels.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return made


@pytest.fixture(scope="module")
def made(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """The folder, indexed."""
    with bench(load(folder), settings=Settings(), home=tmp_path_factory.mktemp("kept"), progress=quiet) as opened:
        yield opened


# ---------------------------------------------------------------- the data set


def test_a_sample_of_questions_is_the_same_each_time(folder: Path) -> None:
    one, other = load(folder, queries=2), load(folder, queries=2)
    assert one == other
    assert len(one.questions) == 2 and set(one.grades) == set(one.questions)
    assert list(one.questions) == [name for name in ASKED if name in one.questions], "in the order of the file"
    assert len(load(folder, queries=99).questions) == 4
    assert len(one.passages) == 16, "only questions are drawn"


# ---------------------------------------------------------------- one index


def test_a_kept_index_is_used_again_and_made_anew_for_other_passages(folder: Path, tmp_path: Path) -> None:
    said: list[tuple[str, int, int]] = []

    def tell(what: str, done: int, of: int) -> None:
        said.append((what, done, of))

    data = load(folder)
    first = retrieval.evaluate(data, settings=Settings(), home=tmp_path, progress=tell)
    assert first.passages_per_second and ("passages", 1, 16) in said
    said.clear()
    again = retrieval.evaluate(data, settings=Settings(), home=tmp_path, progress=tell)
    assert again.passages_per_second is None
    assert [entry for entry in said if entry[0] == "passages"] == [("passages", 16, 16)]
    assert again.per_query == first.per_query
    (kept,) = tmp_path.iterdir()
    fewer = replace(data, passages=data.passages[:-1])
    retrieval.evaluate(fewer, settings=Settings(), home=tmp_path, progress=tell)
    assert len(list(tmp_path.iterdir())) == 2 and kept.is_dir()


def test_an_index_that_was_left_half_made_is_finished(folder: Path, tmp_path: Path) -> None:
    data = load(folder)

    class Enough(Exception):
        """Ends the run."""

    def stop(what: str, done: int, of: int) -> None:
        if done == 5:
            raise Enough

    with pytest.raises(Enough):
        retrieval.evaluate(data, settings=Settings(batch=2), home=tmp_path, progress=stop)
    report = retrieval.evaluate(data, settings=Settings(), home=tmp_path, progress=quiet)
    assert report.passages_per_second is None, "a part of it was there: the rate would say nothing"
    assert report.measures["Recall@100"] > 0


def test_a_report_says_what_the_run_took(made: Bench) -> None:
    report = made.run()
    assert 0 < report.milliseconds_median <= report.milliseconds_p95
    assert report.index_megabytes > 0.1 and report.peak_megabytes > 50
    assert report.found["q-found"] == {"claim": 1}
    assert report.found["q-korean"] == {"korean": 1}
    assert (report.off, report.queries, report.passages) == ((), 4, 16)


# ---------------------------------------------------------------- saved runs


def test_a_saved_run_is_read_as_it_was(made: Bench, tmp_path: Path) -> None:
    with made.without(frozenset({"named", "head"})):
        report = made.run()
    report.save(tmp_path / "run.json")
    assert Report.read(tmp_path / "run.json") == report
    assert report.off == ("head", "named")


@pytest.mark.parametrize("text", ["", "[1]", "{}", '{"name": "x", "colour": "red"}', '"run"'])
def test_a_file_that_is_no_saved_run_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "run.json"
    file.write_text(text)
    with pytest.raises(EvaluationError, match=r"run\.json is not a saved run .*Save one with: evaluate retrieval DIR --json FILE"):
        Report.read(file)


# ---------------------------------------------------------------- ablation


def test_parts_are_turned_off_in_turn_and_on_again(made: Bench) -> None:
    whole, rows = ablation.ablate(made)
    assert {row.part for row in rows} == set(PARTS)
    assert all(row.report.off == (row.part,) for row in rows)
    deltas = [row.differences["nDCG@10"].delta for row in rows]
    assert deltas == sorted(deltas), "the dearest part first"
    assert all(row.p >= row.differences["nDCG@10"].p for row in rows)
    assert made.library.settings.off == frozenset()
    assert made.run().per_query == whole.per_query
    words = next(row for row in rows if row.part == "words")
    assert words.report.per_query["nDCG@10"]["q-korean"] == 0.0, "Korean is found by words alone"
    assert words.changed >= 1
    assert words.differences["nDCG@10"].after == pytest.approx(words.report.measures["nDCG@10"])


def test_what_is_off_already_stays_off(made: Bench) -> None:
    with made.without(frozenset({"vectors-ja"})):
        whole, rows = ablation.ablate(made, ("vectors-ja", "thesaurus"))
    assert whole.off == ("vectors-ja",)
    assert [row.report.off for row in rows] == [("thesaurus", "vectors-ja")]


# ---------------------------------------------------------------- explaining


def test_an_explanation_is_the_list_that_was_measured(made: Bench) -> None:
    found = explain(made, "q-found")
    hits = made.hits(ASKED["q-found"], by_field=True)
    assert [hit.score for hit in hits] == [hit.score for hit in made.hits(ASKED["q-found"])]
    assert [listed.passage for listed in found.listed] == [hit.chunk.document_id for hit in hits][: len(found.listed)]
    assert [listed.rank for listed in found.listed] == list(range(1, len(found.listed) + 1))
    for listed, hit in zip(found.listed, hits, strict=False):
        assert listed.parts == hit.parts and listed.score == hit.score
        assert sum(listed.parts.values()) == pytest.approx(listed.score, abs=1e-3)
    assert [listed.passage for listed in found.listed if listed.grade] == ["claim"]
    (wanted,) = found.wanted
    assert (wanted.passage, wanted.rank, wanted.why) == ("claim", 1, "found at place 1")
    assert wanted.ranks["keyword"] == 1 and wanted.ranks["vector-ja"] >= 1


def test_a_passage_that_was_outranked_says_by_which_part(made: Bench) -> None:
    (wanted,) = explain(made, "q-outranked").wanted
    assert wanted.rank > SHOWN
    assert wanted.why.startswith(f"place {wanted.rank}: place {SHOWN} is ahead by 0.")
    assert any(name in wanted.why for name in (*WEIGHTS, "vector-ja")), wanted.why


def test_a_passage_that_shares_nothing_with_the_question_says_what_it_lacks(made: Bench) -> None:
    (wanted,) = explain(made, "q-elsewhere").wanted
    assert (wanted.rank, wanted.ranks.get("vector", 0)) == (0, 0)
    assert "宿泊" in wanted.lacks
    assert wanted.why.startswith("not among the first")


def test_what_the_thesaurus_bridges_is_said(made: Bench) -> None:
    data = replace(made.data, questions={"q": "出張費の申請"}, grades={"q": {"claim": 1}})
    found = explain(Bench(data, made.library, None, quiet), "q")
    assert set(found.wanted[0].bridged) <= set(found.wanted[0].lacks)


def test_a_question_that_is_not_there_names_some_that_are(made: Bench) -> None:
    with pytest.raises(EvaluationError, match=r"has no question 'q-99'.*for example: q-found, q-outranked"):
        explain(made, "q-99")
