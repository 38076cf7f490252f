"""The endpoint: its key stays secret, its address has the shape it wants, follow-ups are made whole, the first words come at once."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import accumulate
from pathlib import Path

import pytest

from rag.answer.write import Writer
from rag.ask import ask
from rag.errors import EndpointError, EndpointRefused, SettingsError
from rag.export import answer_to_json
from rag.export.pack import circumstances, dumps, pack
from rag.library import Library
from rag.model import Endpoint, LanguageModel
from rag.records import Answer, Filters, Statement, StoodIn
from rag.settings import Settings, from_environment

from .conftest import TODAY
from .lies import HOST
from .lying_model import LyingModel, worded

QUESTION = "兼業の許可の更新は、期間が満了する何日前までに申請しますか"
FIRST_WORDS = 0.3
"""Seconds from the end of the model's first sentence until the page is told of it."""
KEY = "sk-very-secret-1234567890"


@pytest.fixture(scope="module")
def shelf(sample_home: Path) -> Iterator[Library]:
    library = Library(Settings(home=sample_home, llm_url="http://127.0.0.1:9/v1", llm_model="m", llm_key=KEY))
    yield library
    library.close()


def asked(library: Library, model: LyingModel, mode: str, **more: object) -> Answer:
    given = {"url": model.url, "key": KEY, "seconds": 20.0, "attempts": 1, **more}
    library.language_model = LanguageModel(Endpoint(model=mode, **given))  # type: ignore[arg-type]
    return ask(library, QUESTION, clearance=3, as_of=TODAY)


@pytest.mark.parametrize("mode", ["faithful", "wrong-key", "broken", "busy", "cut", "nonsense", "web-page", "leaks-prompt"])
def test_the_key_is_in_no_log_no_answer_no_pack(shelf: Library, caplog: pytest.LogCaptureFixture, mode: str) -> None:
    for name in ("", "openai", "httpx", "httpcore", "llama_index"):
        caplog.set_level(logging.DEBUG, logger=name)
    with LyingModel() as model:
        answer = asked(shelf, model, mode)
        assert model.requests[-1].headers["Authorization"] == f"Bearer {KEY}"
    about = circumstances(shelf, made=datetime(2026, 11, 23, tzinfo=UTC), clearance=3, filters=Filters(), seconds=1.0)
    made = pack(answer, lambda id, revision: shelf.document(id, revision, clearance=3), about)  # noqa: A006
    logged = "\n".join(f"{record.getMessage()} {record.args!r} {record.exc_text}" for record in caplog.records)
    assert any(record.name.startswith(("httpx", "httpcore", "openai")) for record in caplog.records), "their logs were caught"
    for text in (
        logged,
        caplog.text,
        repr(answer),
        str(answer_to_json(answer)),
        dumps(made),
        repr(shelf.settings),
        repr(shelf.language_model),
    ):
        assert KEY not in text and KEY[3:] not in text


def test_the_key_is_in_no_error(caplog: pytest.LogCaptureFixture) -> None:
    with LyingModel() as model:
        for mode in ("wrong-key", "broken", "web-page", "cut"):
            told = LanguageModel(Endpoint(url=model.url, model=mode, key=KEY, attempts=1))
            with pytest.raises(EndpointError) as caught:
                list(told.reply("system", '{"question": "x"}', told.patience(), used=lambda usage: None))
            seen, error = "", caught.value
            chain: BaseException | None = error
            while chain is not None:
                seen += f"{chain!s} {chain!r}"
                chain = chain.__cause__ if chain.__cause__ or chain.__suppress_context__ else chain.__context__
            assert KEY not in seen, mode


def test_a_wrong_key_is_said_and_not_tried_again(shelf: Library) -> None:
    with LyingModel() as model:
        answer = asked(shelf, model, "wrong-key", attempts=3)
        assert (answer.stood_in, len(model.requests)) == (StoodIn.KEY, 1)
        told = LanguageModel(Endpoint(url=model.url, model="wrong-key", key=KEY))
        with pytest.raises(EndpointRefused, match="KONKYO_LLM_KEY"):
            list(told.reply("system", '{"question": "x"}', told.patience(), used=lambda usage: None))


def test_a_key_that_is_none_is_not_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        from_environment({"KONKYO_LLM_KEY": "sk secret"})
    assert "secret" not in str(caught.value)


def test_a_proxy_is_used_where_the_setting_names_it_and_only_there(shelf: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with LyingModel() as model:
        assert asked(shelf, model, "faithful").mode == "write"
        assert model.requests[-1].path == "/v1/chat/completions"
        proxy = model.url.removesuffix("/v1")
        assert asked(shelf, model, "faithful", url=f"http://{HOST}/v1", proxy=proxy).mode == "write"
        assert model.requests[-1].path == f"http://{HOST}/v1/chat/completions"


def test_the_shape_of_azures_address(shelf: Library) -> None:
    with LyingModel() as model:
        answer = asked(shelf, model, "faithful", url=model.url.removesuffix("/v1"), azure_version="2024-10-21")
        request = model.requests[-1]
    assert answer.mode == "write"
    assert request.path == "/openai/deployments/faithful/chat/completions?api-version=2024-10-21"
    assert request.headers["api-key"] == KEY and "Authorization" not in request.headers


def test_variables_meant_for_another_endpoint_are_not_read(shelf: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"OPENAI_API_KEY": "sk-other", "OPENAI_BASE_URL": f"https://{HOST}", "OPENAI_ORG_ID": "org-other"}.items():
        monkeypatch.setenv(name, value)
    with LyingModel() as model:
        assert asked(shelf, model, "faithful").mode == "write"
        assert "other" not in str(model.requests[-1].headers)


# ---------------------------------------------------------------- follow-ups

BEFORE = "補助金の実績報告書の提出期限はいつですか"
AFTER = "その場合の提出先は？"


def rewritten(mode: str, **more: object) -> str:
    with LyingModel() as model:
        endpoint = Endpoint(url=model.url, model=mode, attempts=1, **more)  # type: ignore[arg-type]
        return Writer(model=LanguageModel(endpoint)).rewrite(AFTER, [BEFORE])


def test_a_follow_up_is_made_whole_by_the_model() -> None:
    assert rewritten("faithful") == f"{BEFORE}について、{AFTER}"


@pytest.mark.parametrize("mode", ["broken", "busy", "nonsense", "web-page", "silent", "cut"])
def test_a_model_that_fails_leaves_the_question_as_it_is(mode: str) -> None:
    assert rewritten(mode) == AFTER


def test_what_the_reader_did_not_say_does_not_come_into_the_question() -> None:
    assert rewritten("leaks-prompt") == AFTER
    assert rewritten("html-images") == f"{BEFORE}について、{AFTER}"


# ---------------------------------------------------------------- the first words


@pytest.mark.parametrize("seed", [0, 1], ids=["json", "marks"])
def test_the_first_sentence_is_shown_as_soon_as_it_is_complete(shelf: Library, seed: int) -> None:
    delays = []
    for _ in range(3):  # the machine may be busy with other tests: the best of three counts
        with LyingModel(pause=0.02) as model:
            shelf.language_model = LanguageModel(Endpoint(url=model.url, model=f"faithful:{seed}", seconds=60.0))
            seen: list[float] = []

            def said(statements: tuple[Statement, ...], seen: list[float] = seen) -> None:
                if statements:
                    seen.append(time.monotonic())

            answer = ask(shelf, QUESTION, clearance=3, as_of=TODAY, said=said)
            text = worded(model.requests[-1], model.plans[-1])
            complete = text.index("}" if seed == 0 else "\n") + 1
            lengths = accumulate(len(piece) for _, piece in model.told)
            sent = next(at for (at, _), told in zip(model.told, lengths, strict=True) if told >= complete)
        assert len(answer.statements) > 1 and seen[0] < model.told[-1][0], "it was shown while the model was still writing"
        delays.append(seen[0] - sent)
    assert min(delays) <= FIRST_WORDS, delays
