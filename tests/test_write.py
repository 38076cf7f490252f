"""Answers that a language model words: asked through the library's settings, from a server that lies as its name says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from rag.answer.verify import verify
from rag.ask import ask
from rag.errors import SettingsError
from rag.library import Library
from rag.model import Endpoint, LanguageModel
from rag.records import Answer, Flaw, Statement, Status, StoodIn
from rag.settings import Settings

from .conftest import TODAY
from .lies import HOST
from .lying_model import LyingModel

QUESTION = "兼業の許可の更新は、期間が満了する何日前までに申請しますか"
KEY = "sk-very-secret-1234567890"


@pytest.fixture(scope="module")
def model() -> Iterator[LyingModel]:
    with LyingModel() as served:
        yield served


@pytest.fixture(scope="module")
def shelf(sample_home: Path) -> Iterator[Library]:
    """The sample ministry's library, whose language model each test sets."""
    library = Library(Settings(home=sample_home))
    yield library
    library.close()


def at(model: LyingModel, mode: str, **more: object) -> LanguageModel:
    return LanguageModel(Endpoint(url=model.url, model=mode, key=KEY, **{"seconds": 20.0, **more}))  # type: ignore[arg-type]


def written(library: Library, model: LyingModel, mode: str, **more: object) -> Answer:
    library.language_model = at(model, mode, **more)
    answer = ask(library, QUESTION, clearance=3, as_of=TODAY)
    for statement in answer.statements:
        for citation in statement.citations:
            verify(citation, library.document(citation.document_id, citation.revision, clearance=3))
    return answer


def test_without_an_endpoint_nothing_is_written(sample: Library) -> None:
    answer = ask(sample, QUESTION, clearance=3, as_of=TODAY)
    assert (answer.mode, answer.model, answer.stood_in, answer.usage) == ("quote", "", None, None)


@pytest.mark.parametrize("seed", range(12))
def test_a_faithful_model_is_believed(shelf: Library, model: LyingModel, seed: int) -> None:
    answer = written(shelf, model, f"faithful:{seed}")
    assert answer.mode == "write" and answer.stood_in is None
    assert answer.statements and all(statement.status is not Status.QUOTED for statement in answer.statements)
    assert answer.model == f"faithful:{seed}" and answer.prompts and answer.usage and answer.usage.completion_tokens > 0


def test_the_question_and_the_evidence_are_data_apart_from_the_instructions(shelf: Library, model: LyingModel) -> None:
    written(shelf, model, "faithful:2")
    request = model.requests[-1]
    assert request.question == QUESTION and request.question not in request.system
    assert [entry["number"] for entry in request.evidence] == list(range(1, len(request.evidence) + 1))
    assert not any(str(entry["text"])[:20] in request.system for entry in request.evidence)


@pytest.mark.parametrize(
    ("mode", "why"),
    [
        ("busy", StoodIn.BUSY), ("broken", StoodIn.FAILED), ("cut", StoodIn.CUT), ("nonsense", StoodIn.MALFORMED), ("empty", StoodIn.EMPTY),
        ("empty:1", StoodIn.EMPTY), ("other-language", StoodIn.LANGUAGE), ("wrong-key", StoodIn.KEY), ("made-up", StoodIn.UNSUPPORTED),
        ("web-page", StoodIn.FAILED), ("silent", StoodIn.FAILED),
    ],
)  # fmt: skip
def test_where_nothing_comes_that_holds_the_quoted_answer_stands_in_and_says_why(
    shelf: Library, model: LyingModel, mode: str, why: StoodIn
) -> None:
    answer = written(shelf, model, mode)
    assert (answer.mode, answer.stood_in) == ("quote", why)
    assert answer.statements and all(statement.status is Status.QUOTED for statement in answer.statements)
    assert KEY not in repr(answer)


def test_a_slow_model_is_not_waited_for(shelf: Library) -> None:
    with LyingModel(slow=5.0) as model:
        answer = written(shelf, model, "slow", seconds=0.4)
    assert answer.stood_in is StoodIn.TIMEOUT


def test_nobody_at_the_address(shelf: Library) -> None:
    with LyingModel() as model:
        pass
    assert written(shelf, model, "faithful").stood_in is StoodIn.UNREACHABLE


def test_what_goes_wrong_once_is_tried_again(shelf: Library) -> None:
    for trouble in ("busy", "broken", "cut", "nonsense"):
        with LyingModel(troubled=1) as model:
            answer = written(shelf, model, trouble)
            assert (answer.mode, len(model.requests)) == ("write", 2), trouble
            assert answer.usage and answer.usage.requests == 2


def test_attempts_are_limited(shelf: Library) -> None:
    with LyingModel() as model:
        written(shelf, model, "broken", attempts=2)
        assert len(model.requests) == 2


def test_statements_come_while_the_model_writes(shelf: Library, model: LyingModel) -> None:
    shelf.language_model = at(model, "faithful:4")
    seen: list[tuple[Statement, ...]] = []
    stages: list[str] = []
    answer = ask(shelf, QUESTION, clearance=3, as_of=TODAY, said=seen.append, progress=lambda stage, count: stages.append(stage))
    assert seen[0] == () and [len(each) for each in seen[1:]] == list(range(1, len(seen)))
    assert seen[-1] == answer.statements
    assert list(dict.fromkeys(stages)) == ["searching", "reading", "writing", "checking"]


def test_citations_are_numbered_through(shelf: Library, model: LyingModel) -> None:
    answer = written(shelf, model, "faithful:6")
    numbers = [citation.number for statement in answer.statements for citation in statement.citations]
    assert numbers == list(range(1, len(numbers) + 1))


def test_links_pictures_and_markup_are_gone(shelf: Library, model: LyingModel) -> None:
    for seed in range(10):
        answer = written(shelf, model, f"html-images:{seed}")
        shown = [statement.text for statement in answer.statements] + [left.text for left in answer.left_out]
        assert not any(mark in text for text in shown for mark in (HOST, "<", "![", "](", "http"))


def test_a_model_that_gives_its_reply_whole(shelf: Library, model: LyingModel) -> None:
    answer = written(shelf, model, "faithful", stream=False)
    assert answer.mode == "write" and not model.requests[-1].body["stream"]
    assert answer.usage and answer.usage.prompt_tokens


def test_evidence_longer_than_the_context_is_cut_by_rank_and_said(shelf: Library, model: LyingModel) -> None:
    whole = written(shelf, model, "faithful")
    everything = len(model.requests[-1].evidence)
    cut = written(shelf, model, "faithful", context=3_200)
    assert whole.passages_left_out == 0 < cut.passages_left_out == everything - len(model.requests[-1].evidence)
    assert written(shelf, model, "faithful", context=1_200).stood_in is StoodIn.TOO_LONG


def test_what_is_left_out_says_why(shelf: Library, model: LyingModel) -> None:
    left = written(shelf, model, "invents-citations").left_out
    assert {lack.flaw for each in left for lack in each.lacks} >= {Flaw.UNKNOWN_EVIDENCE, Flaw.PROVISION}


def test_a_half_set_endpoint_is_said(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="KONKYO_LLM_MODEL"):
        Library(Settings(home=tmp_path, llm_url="http://127.0.0.1:1/v1"))
    with pytest.raises(SettingsError, match="http://"):
        Library(Settings(home=tmp_path, llm_url="127.0.0.1:1", llm_model="m"))
