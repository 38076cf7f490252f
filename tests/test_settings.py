"""Settings come from the environment, whole or not at all; a wrong value is named."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from rag import settings
from rag.errors import SettingsError
from rag.serve.hosts import Host
from rag.settings import Settings, from_environment

DOCUMENTED = dict(re.findall(r'^    (\w+): [^\n]+\n    """(KONKYO_\w+): ', inspect.getsource(Settings), re.MULTILINE))
"""Field -> environment variable, as the docstrings under the fields say."""

GOOD: dict[str, tuple[str, object]] = {
    "home": ("/srv/konkyo", Path("/srv/konkyo")),
    "model": ("/models/e5", "/models/e5"),
    "model_download": ("1", True),
    "reranker": ("/models/reranker", "/models/reranker"),
    "entailment": ("/models/nli", "/models/nli"),
    "clearance": ("2", 2),
    "read_seconds": ("1.5", 1.5),
    "read_megabytes": ("512", 512),
    "file_megabytes": ("20", 20),
    "archive_megabytes": ("50", 50),
    "ocr_seconds": ("9.5", 9.5),
    "ocr": ("0", False),
    "batch": ("64", 64),
    "egov_url": ("https://laws.example", "https://laws.example"),
    "hosts": ("Konkyo.example., [::1]:8443,", (Host(name="konkyo.example"), Host(name="[::1]", port=8443))),
    "llm_url": ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8000/v1"),
    "llm_model": ("qwen", "qwen"),
    "llm_key": ("sk-1", "sk-1"),
    "llm_azure_version": ("2024-10-21", "2024-10-21"),
    "llm_proxy": ("http://proxy:3128", "http://proxy:3128"),
    "llm_seconds": ("5.5", 5.5),
    "llm_attempts": ("2", 2),
    "llm_context": ("32768", 32_768),
    "llm_output": ("2048", 2_048),
    "llm_stream": ("0", False),
    "keep_questions": ("text", "text"),
    "keep_days": ("7", 7),
    "refuse_below": ("0", 0.0),
    "off": ("words, vectors-ja,", frozenset({"words", "vectors-ja"})),
}
NUMBERS = [
    "KONKYO_CLEARANCE",
    "KONKYO_READ_SECONDS",
    "KONKYO_READ_MEGABYTES",
    "KONKYO_FILE_MEGABYTES",
    "KONKYO_BATCH",
    "KONKYO_KEEP_DAYS",
    "KONKYO_OCR_SECONDS",
]


@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "often"])
def test_a_share_is_a_number_from_0_to_1(text: str) -> None:
    with pytest.raises(SettingsError, match="KONKYO_REFUSE_BELOW is .* a number from 0 to 1"):
        from_environment({"KONKYO_REFUSE_BELOW": text})


class Noted(Mapping[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.asked.add(name)
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def test_an_empty_environment_gives_the_defaults() -> None:
    assert from_environment({}) == Settings()
    assert from_environment(dict.fromkeys(DOCUMENTED.values(), "")) == Settings()


def test_nothing_leaves_the_machine_by_default() -> None:
    assert (Settings().model, Settings().model_download) == ("packaged", False)


def test_every_field_names_its_variable_and_every_variable_is_read() -> None:
    assert set(DOCUMENTED) == {field.name for field in fields(Settings)} == set(GOOD)
    environment = Noted()
    from_environment(environment)
    assert environment.asked == set(DOCUMENTED.values())


@pytest.mark.parametrize("name", GOOD)
def test_a_variable_changes_its_field_and_no_other(name: str) -> None:
    text, value = GOOD[name]
    made = from_environment({DOCUMENTED[name]: text})
    assert {field.name: getattr(made, field.name) for field in fields(Settings)} == {
        field.name: value if field.name == name else getattr(Settings(), field.name) for field in fields(Settings)
    }


@pytest.mark.parametrize("variable", NUMBERS)
@pytest.mark.parametrize("wrong", ["many", "0", "-1", "1e", "nan", "inf", "-inf", "1 2"])
def test_a_value_that_is_no_number_above_nothing_is_refused_by_name(variable: str, wrong: str) -> None:
    with pytest.raises(SettingsError, match=variable) as caught:
        from_environment({variable: wrong})
    assert wrong in str(caught.value)


def test_a_clearance_above_the_highest_level_is_refused() -> None:
    with pytest.raises(SettingsError, match=r"KONKYO_CLEARANCE is 4; it must be 1, 2 or 3"):
        from_environment({"KONKYO_CLEARANCE": "4"})


def test_an_unknown_part_of_search_is_refused_and_the_right_ones_listed() -> None:
    with pytest.raises(SettingsError, match=r"KONKYO_OFF names 'vector'; the parts of search are words, bigrams, .*vectors, vectors-ja"):
        from_environment({"KONKYO_OFF": "words,vector"})
    with pytest.raises(SettingsError, match="'sense'"):
        Settings(off=frozenset({"sense"}))


def test_only_a_one_lets_a_model_be_fetched() -> None:
    assert [from_environment({"KONKYO_MODEL_DOWNLOAD": text}).model_download for text in ("0", "", "no", "false", "1")] == [False] * 4 + [
        True
    ]


def test_the_home_is_absolute_and_knows_the_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/somebody")
    assert from_environment({"KONKYO_HOME": "library"}).home == tmp_path / "library"
    assert from_environment({"KONKYO_HOME": "~/library"}).home == Path("/home/somebody/library")


def test_the_home_of_nobody_is_refused_by_name() -> None:
    with pytest.raises(SettingsError, match="KONKYO_HOME is '~nobody-of-this-name/x'"):
        from_environment({"KONKYO_HOME": "~nobody-of-this-name/x"})


def test_settings_do_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().clearance = 1  # type: ignore[misc]


def test_the_model_that_comes_along_has_one_name() -> None:
    from rag import embed

    assert settings.PACKAGED_MODEL == embed.PACKAGED
