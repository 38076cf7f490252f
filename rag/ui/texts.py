"""Every word of the screens, in Japanese and English, from texts.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

Language = Literal["ja", "en"]
LANGUAGES: tuple[Language, ...] = ("ja", "en")
FILE = Path(__file__).with_name("texts.toml")


@cache
def texts() -> Mapping[str, Mapping[str, str]]:
    """{"ask.button": {"ja": "質問する", "en": "Ask"}, ...}; "en_one" is the English for exactly one."""
    flat: dict[str, Mapping[str, str]] = {}
    for group, entries in tomllib.loads(FILE.read_text(encoding="utf-8")).items():
        if group == "examples":
            continue
        for name, entry in entries.items():
            flat[f"{group}.{name}"] = entry
    return flat


@cache
def examples(language: Language) -> tuple[str, ...]:
    """Questions to begin with, which the sample documents answer."""
    listed = tomllib.loads(FILE.read_text(encoding="utf-8"))["examples"][language]
    return tuple(str(question) for question in listed)


class Words:
    """The words of one language: ``t("answer.searched", n=24)``."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language

    def __call__(self, key: str, **values: object) -> str:
        """The text ``key`` with its placeholders filled in.

        Raises:
            KeyError: there is no such text, or a placeholder is not given.
        """
        entry = texts()[key]
        form = "en_one" if self.language == "en" and values.get("n") == 1 and "en_one" in entry else self.language
        return entry[form].format(**values)


def preferred(locale: str | None) -> Language:
    """The language of the screens for a browser's locale: Japanese for ja and where nothing is known, else English."""
    return "ja" if not locale or locale.lower().startswith("ja") else "en"
