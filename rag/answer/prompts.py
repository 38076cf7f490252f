"""What the language model is told, and the shape in which it must reply."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prompts.toml")

SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "sentences": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"text": {"type": "string"}, "evidence": {"type": "array", "items": {"type": "integer"}}},
                "required": ["text", "evidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["sentences"],
    "additionalProperties": False,
}
"""JSON schema of a reply, for endpoints that keep to one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompts:
    """The instructions, apart from everything that other people wrote."""

    version: str
    """Number in the file and the first characters of the file's sha256: "1-3f2a9c01"."""
    write: Mapping[str, str]
    """Language -> instructions for writing an answer."""
    rewrite: Mapping[str, str]
    """Language -> instructions for making a follow-up question whole."""


@cache
def prompts() -> Prompts:
    """The prompts of prompts.toml."""
    data = FILE.read_bytes()
    read = tomllib.loads(data.decode())
    return Prompts(
        version=f"{read['version']}-{hashlib.sha256(data).hexdigest()[:8]}",
        write={language: entry["system"].strip() for language, entry in read["write"].items()},
        rewrite={language: entry["system"].strip() for language, entry in read["rewrite"].items()},
    )
