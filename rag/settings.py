"""One frozen Settings, from the environment. Only library.py and the entry points read it."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from rag.errors import SettingsError
from rag.records import HIGHEST_LEVEL
from rag.serve.hosts import Host, named

REPOSITORY = Path(__file__).resolve().parent.parent
PACKAGED_MODEL = "packaged"
"""The name of the model that comes inside a wheel."""

KEEP_QUESTIONS = ("off", "terms", "text")
"""What may be kept of a question."""
PARTS = ("words", "bigrams", "head", "thesaurus", "vectors", "vectors-ja", "named", "graph", "second_stage")
"""Parts of search that can be turned off, to see what each is good for: fields of the keyword index, the thesaurus, the vectors of the
embedding model and of the Japanese one, provisions and documents that a question names, the graph of references, the second stage."""

N = TypeVar("N", int, float)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """Every setting, with its default. The comment under each names its environment variable."""

    home: Path = REPOSITORY / ".konkyo"
    """KONKYO_HOME: where the library lives."""
    model: str = PACKAGED_MODEL
    """KONKYO_MODEL: "packaged", a folder, or a hub name that is already in the local cache."""
    model_download: bool = False
    """KONKYO_MODEL_DOWNLOAD: 1 lets a hub name be fetched over the network."""
    reranker: str = ""
    """KONKYO_RERANKER: a cross-encoder that takes the second stage's place: a folder, or a hub name in the local cache."""
    entailment: str = ""
    """KONKYO_ENTAILMENT: a cross-encoder that says whether a written sentence follows: a folder, or a hub name in the local cache."""
    clearance: int = HIGHEST_LEVEL
    """KONKYO_CLEARANCE: what the person at this machine may read, 1 to 3."""
    read_seconds: float = 120.0
    """KONKYO_READ_SECONDS: time limit for reading one file."""
    read_megabytes: int = 2048
    """KONKYO_READ_MEGABYTES: memory limit for reading one file."""
    ocr_seconds: float = 60.0
    """KONKYO_OCR_SECONDS: time limit for reading one scanned page."""
    ocr: bool = True
    """KONKYO_OCR: 0 switches the reading of scanned pages off."""
    file_megabytes: int = 200
    """KONKYO_FILE_MEGABYTES: files above this size are left out."""
    archive_megabytes: int = 2_000
    """KONKYO_ARCHIVE_MEGABYTES: a ZIP that becomes larger when it is unpacked is refused."""
    batch: int = 1_024
    """KONKYO_BATCH: so many passages are taken in at once; what is acknowledged comes in batches."""
    keep_questions: str = "terms"
    """KONKYO_KEEP_QUESTIONS: "terms" keeps the words of a question without their order and without numbers, "text" the whole question,
    "off" nothing of it. Terms are enough to see what is asked in vain; a sentence may tell whose affair it was."""
    keep_days: int = 90
    """KONKYO_KEEP_DAYS: after so many days what was kept of a question is deleted from the disk."""
    refuse_below: float | None = None
    """KONKYO_REFUSE_BELOW: 0 to 1; a question is refused where the documents answer it with less than this probability. Left out, the
    measure's own; `evaluate refusal` shows what each value costs. 0 refuses nothing for this reason."""
    off: frozenset[str] = frozenset()
    """KONKYO_OFF: parts of search that are turned off, with commas between them; see PARTS."""
    egov_url: str = ""
    """KONKYO_EGOV_URL: address of e-Gov's law search, https://laws.e-gov.go.jp, from which laws may be fetched; empty: none are."""
    hosts: tuple[Host, ...] = ()
    """KONKYO_HOSTS: names under which the page may be opened besides localhost, 127.0.0.1 and [::1], as host or host:port, with commas
    between them."""
    llm_url: str = ""
    """KONKYO_LLM_URL: base address of an OpenAI-compatible endpoint, as http://127.0.0.1:8000/v1; empty: answers are quoted."""
    llm_model: str = ""
    """KONKYO_LLM_MODEL: the model's name there (for Azure: the deployment's)."""
    llm_key: str = field(default="", repr=False)
    """KONKYO_LLM_KEY: the endpoint's key. It is never shown."""
    llm_azure_version: str = ""
    """KONKYO_LLM_AZURE_VERSION: set for Azure OpenAI's deployments API, as 2024-10-21; its newer /openai/v1/ address needs none."""
    llm_proxy: str = ""
    """KONKYO_LLM_PROXY: a proxy for the endpoint. The proxy variables of the system are not used."""
    llm_seconds: float = 60.0
    """KONKYO_LLM_SECONDS: time for a written answer, all attempts together; after that the quoted answer stands in."""
    llm_attempts: int = 3
    """KONKYO_LLM_ATTEMPTS: requests for one answer at the most."""
    llm_context: int = 8_192
    """KONKYO_LLM_CONTEXT: tokens of the model's context."""
    llm_output: int = 1_024
    """KONKYO_LLM_OUTPUT: tokens that the model may write."""
    llm_stream: bool = True
    """KONKYO_LLM_STREAM: 0 for an endpoint that gives its reply only whole."""

    def __post_init__(self) -> None:
        if self.llm_key and not (self.llm_key.isascii() and self.llm_key.isprintable() and " " not in self.llm_key):
            raise SettingsError("KONKYO_LLM_KEY holds characters that no key has (it is not shown here). Copy it again.")
        if unknown := sorted(self.off - set(PARTS)):
            raise SettingsError(f"KONKYO_OFF names {unknown[0]!r}; the parts of search are {', '.join(PARTS)}.")


def from_environment(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read the settings from ``environment``.

    Raises:
        SettingsError: a value is not of its kind; the message names the variable.
    """
    default = Settings()
    clearance = _number(environment, "KONKYO_CLEARANCE", default.clearance, int)
    if not 1 <= clearance <= HIGHEST_LEVEL:
        raise SettingsError(f"KONKYO_CLEARANCE is {clearance}; it must be 1, 2 or 3.")
    keep_questions = environment.get("KONKYO_KEEP_QUESTIONS") or default.keep_questions
    if keep_questions not in KEEP_QUESTIONS:
        raise SettingsError(f"KONKYO_KEEP_QUESTIONS is {keep_questions!r}; it must be one of {', '.join(KEEP_QUESTIONS)}.")
    return Settings(
        home=_home(environment.get("KONKYO_HOME") or str(default.home)),
        model=environment.get("KONKYO_MODEL") or default.model,
        model_download=environment.get("KONKYO_MODEL_DOWNLOAD", "") == "1",
        reranker=environment.get("KONKYO_RERANKER", ""),
        entailment=environment.get("KONKYO_ENTAILMENT", ""),
        clearance=clearance,
        read_seconds=_number(environment, "KONKYO_READ_SECONDS", default.read_seconds, float),
        read_megabytes=_number(environment, "KONKYO_READ_MEGABYTES", default.read_megabytes, int),
        ocr_seconds=_number(environment, "KONKYO_OCR_SECONDS", default.ocr_seconds, float),
        ocr=environment.get("KONKYO_OCR", "") != "0",
        file_megabytes=_number(environment, "KONKYO_FILE_MEGABYTES", default.file_megabytes, int),
        archive_megabytes=_number(environment, "KONKYO_ARCHIVE_MEGABYTES", default.archive_megabytes, int),
        batch=_number(environment, "KONKYO_BATCH", default.batch, int),
        keep_questions=keep_questions,
        keep_days=_number(environment, "KONKYO_KEEP_DAYS", default.keep_days, int),
        refuse_below=_share(environment, "KONKYO_REFUSE_BELOW"),
        egov_url=environment.get("KONKYO_EGOV_URL", "").strip(),
        hosts=hosts(environment),
        llm_url=environment.get("KONKYO_LLM_URL", "").strip(),
        llm_model=environment.get("KONKYO_LLM_MODEL", "").strip(),
        llm_key=environment.get("KONKYO_LLM_KEY", "").strip(),
        llm_azure_version=environment.get("KONKYO_LLM_AZURE_VERSION", "").strip(),
        llm_proxy=environment.get("KONKYO_LLM_PROXY", "").strip(),
        llm_seconds=_number(environment, "KONKYO_LLM_SECONDS", default.llm_seconds, float),
        llm_attempts=_number(environment, "KONKYO_LLM_ATTEMPTS", default.llm_attempts, int),
        llm_context=_number(environment, "KONKYO_LLM_CONTEXT", default.llm_context, int),
        llm_output=_number(environment, "KONKYO_LLM_OUTPUT", default.llm_output, int),
        llm_stream=environment.get("KONKYO_LLM_STREAM", "") != "0",
        off=frozenset(name for part in environment.get("KONKYO_OFF", "").split(",") if (name := part.strip())),
    )


def hosts(environment: Mapping[str, str] = os.environ) -> tuple[Host, ...]:
    """The one setting that is needed before the page can say what is wrong with others.

    Raises:
        SettingsError: one of them is not a host.
    """
    return named(environment.get("KONKYO_HOSTS", ""))


def _home(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError as error:
        raise SettingsError(f"KONKYO_HOME is {text!r}; nobody of that name has a home folder here. Write the folder out.") from error


def _share(environment: Mapping[str, str], name: str) -> float | None:
    text = environment.get(name, "")
    if not text:
        return None
    try:
        value = float(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; it must be a number from 0 to 1.") from None
    if not 0 <= value <= 1:
        raise SettingsError(f"{name} is {text}; it must be a number from 0 to 1.")
    return value


def _number(environment: Mapping[str, str], name: str, default: N, kind: Callable[[str], N]) -> N:
    text = environment.get(name, "")
    if not text:
        return default
    try:
        value = kind(text)
    except ValueError:
        raise SettingsError(f"{name} is {text!r}; it must be a number.") from None
    if not (math.isfinite(value) and value > 0):
        raise SettingsError(f"{name} is {text}; it must be a number above 0.")
    return value
