"""Answering by writing: a language model words the answer from numbered evidence, and each sentence is checked before it counts.

The model gets passages as data (JSON), apart from the instructions. Of what it returns a sentence is shown as supported only if
:mod:`rag.answer.support` finds it carried by the documents' own characters; the rest is left out, with the reason. Where the model
gives no whole reply, or nothing in it is carried, the quoted answer stands in, and says why.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace

from rag import terms
from rag.answer.harmless import harmless, visible
from rag.answer.passages import Passage, fit, gather, tokens
from rag.answer.prompts import SCHEMA, prompts
from rag.answer.reply import Reader, Written
from rag.answer.support import Checker, Entails, Verdict, content, said_by
from rag.errors import EndpointCut, EndpointError, EndpointMalformed
from rag.model import LanguageModel
from rag.names import Names
from rag.records import Answer, Document, Flaw, Hit, Lack, LeftOut, Statement, Status, StoodIn, Usage
from rag.text import language

MARGIN = 64
"""Tokens kept free for what an endpoint adds to the messages."""
MOST = 12
"""Sentences of a reply that are looked at."""
HISTORY = 6
"""Earlier questions that rewriting a follow-up looks at."""
LONGEST_QUESTION = 500
"""Characters of a rewritten question."""

_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)

Said = Callable[[tuple[Statement, ...]], None]
"""Told all statements so far whenever one comes, or one becomes better carried by what follows; () where the model begins anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Writer:
    """A language model, and what its sentences are checked with."""

    model: LanguageModel
    entails: Entails | None = None

    def answer(
        self,
        quoted: Answer,
        *,
        load: Callable[[Hit], Document],
        names: Names,
        meant: Mapping[str, tuple[frozenset[str], ...]],
        progress: Callable[[str, int], None] = lambda stage, count: None,
        said: Said = lambda statements: None,
    ) -> Answer:
        """The written answer to the question of ``quoted``; or ``quoted`` itself with why it stands in. A refusal stays one.

        Args:
            load: gives the stored revision of a hit.
            names: of the documents that the reader may see.
            meant: terms of the question -> sets of official terms that say the same.
            progress: told "writing" with the number of passages, "checking" with the number of sentences.
        """
        if quoted.refusal is not None:
            return quoted
        spoken = language(quoted.question) or "ja"
        found = gather(quoted, load)
        system = prompts().write[spoken]
        at = self.model.endpoint
        given = fit(found, at.context - at.output - MARGIN - tokens(system) - tokens(quoted.question))
        base = replace(quoted, model=self.model.name, prompts=prompts().version, passages_left_out=len(found) - len(given))
        if not given:
            return replace(base, stood_in=StoodIn.TOO_LONG)
        progress("writing", len(given))
        checker = Checker(passages={passage.number: passage for passage in given}, names=names, meant=meant, entails=self.entails)
        asked = _message(quoted.question, given)
        usage = Usage()

        def used(more: Usage) -> None:
            nonlocal usage
            usage = _sum(usage, more)

        patience = self.model.patience()
        while True:
            draft = _Draft(checker=checker, said=said, progress=progress)
            said(())
            try:
                with closing(self.model.reply(system, asked, patience, used=used, schema=SCHEMA)) as pieces:
                    draft.take(pieces)
                break
            except EndpointError as error:
                if not patience.again(error):
                    said(())
                    return replace(base, stood_in=StoodIn(error.code), usage=usage)
        base = replace(base, usage=usage, left_out=tuple(draft.left_out))
        if not draft.statements:
            said(())
            return replace(base, stood_in=draft.why_nothing())
        return replace(base, mode="write", statements=draft.statements)

    def rewrite(self, question: str, history: Sequence[str]) -> str:
        """A follow-up question made whole from the questions before it; ``question`` itself where the model gives nothing of use.

        Nothing new may come in: every word that says something is one of the reader's own.
        """
        spoken = language(question) or "ja"
        asked = json.dumps({"history": list(history[-HISTORY:]), "question": question}, ensure_ascii=False)
        patience = self.model.patience()
        while True:
            try:
                pieces = list(self.model.reply(prompts().rewrite[spoken], asked, patience, used=lambda usage: None))
                break
            except EndpointError as error:
                if not patience.again(error):
                    return question
        lines = [line for line in _THOUGHTS.sub("", "".join(pieces)).splitlines() if line.strip()]
        made = harmless(lines[0]).strip("「」\"'") if lines else ""
        own = frozenset(terms.words("\n".join([*history[-HISTORY:], question])))
        new = [term for term in content(made) if term not in own]
        return made if made and not new and len(made) <= LONGEST_QUESTION and language(made) == spoken else question


class _Draft:
    """What one attempt has brought so far."""

    def __init__(self, *, checker: Checker, said: Said, progress: Callable[[str, int], None]) -> None:
        self._checker = checker
        self._said = said
        self._progress = progress
        self._instructions = _letters("\n".join([*prompts().write.values(), *prompts().rewrite.values()]))
        self._verdicts: list[Verdict] = []
        self._empty = True
        self.left_out: list[LeftOut] = []

    def take(self, pieces: Iterator[str]) -> None:
        """Read a reply to its end, checking each sentence as soon as it is complete.

        Raises:
            EndpointError: it breaks off, or is malformed.
        """
        reader, numbered, seen = Reader(), False, 0
        for seen, written in enumerate(_sentences(reader, pieces), start=1):
            if seen > MOST:
                break
            numbered = numbered or bool(written.numbers)
            self._progress("checking", seen)
            self._check(written)
        self._empty = reader.empty
        if reader.malformed or (seen and not numbered):
            if self._verdicts:
                raise EndpointCut("The JSON of the reply is not complete.")
            raise EndpointMalformed("The reply is neither JSON of the shape that was asked for nor sentences with numbers of evidence.")

    def _check(self, written: Written) -> None:
        plain = harmless(written.text)
        if not plain:
            self.left_out.append(LeftOut(text="", lacks=(Lack(flaw=Flaw.FORM),)))
            return
        if len(_letters(plain)) > 12 and _letters(plain) in self._instructions:
            self.left_out.append(LeftOut(text="", lacks=(Lack(flaw=Flaw.FORM),)))
            return
        verdict = self._checker.check(plain, written.numbers)
        if verdict.status is None:
            self.left_out.append(LeftOut(text=verdict.text, lacks=verdict.lacks))
        elif all(verdict.text != other.text for other in self._verdicts):
            self._verdicts.append(verdict)
            self._said(self.statements)

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements, citations numbered through; a sentence whose proviso another one says lacks it no more."""
        made: list[Statement] = []
        number = 0
        for verdict in self._verdicts:
            others = [other.text for other in self._verdicts if other is not verdict]
            unsaid = {unit.text for unit in verdict.provisos if not said_by(unit, others)}
            lacks = tuple(lack for lack in verdict.lacks if lack.flaw is not Flaw.PROVISO or lack.words in unsaid or not verdict.provisos)
            citations = tuple(replace(citation, number=number + at) for at, citation in enumerate(verdict.citations, start=1))
            number += len(citations)
            status = Status.PARTLY if lacks else Status.SUPPORTED
            made.append(Statement(text=verdict.text, citations=citations, status=status, missing=lacks))
        return tuple(made)

    def why_nothing(self) -> StoodIn:
        """Why a whole reply brought no statement."""
        if self._empty or not self.left_out:
            return StoodIn.EMPTY
        flaws = [lack.flaw for left in self.left_out for lack in left.lacks]
        return StoodIn.LANGUAGE if all(flaw is Flaw.LANGUAGE for flaw in flaws) else StoodIn.UNSUPPORTED


def _sentences(reader: Reader, pieces: Iterator[str]) -> Iterator[Written]:
    for piece in pieces:
        yield from reader.feed(piece)
    yield from reader.end()


def _letters(text: str) -> str:
    return re.sub(r"\W", "", text)


def _message(question: str, passages: Sequence[Passage]) -> str:
    """Question and evidence as JSON: whatever a document says stays inside a string of it, and what nobody sees the model does not."""
    evidence = [
        {"number": passage.number, "document": passage.title, "place": " ".join(passage.hit.chunk.path), "text": visible(passage.text)}
        for passage in passages
    ]
    return json.dumps({"question": question, "evidence": evidence}, ensure_ascii=False, indent=1)


def _sum(one: Usage, other: Usage) -> Usage:
    return Usage(
        requests=one.requests + other.requests,
        prompt_tokens=one.prompt_tokens + other.prompt_tokens,
        completion_tokens=one.completion_tokens + other.completion_tokens,
    )
