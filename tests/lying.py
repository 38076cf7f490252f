"""Trials of a lying model on the sample ministry's documents: what of its lies is shown, and what of its truths is not.

python -m tests.lying        # prints the table
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rag.answer.verify import verify
from rag.answer.write import Writer
from rag.ask import ask
from rag.errors import CitationError
from rag.evaluate.golden import load as golden
from rag.ingest import ingest
from rag.library import Library
from rag.model import Endpoint, LanguageModel
from rag.records import Answer, Document, Filters, Hit, Statement, Status
from rag.settings import Settings

from .lying_model import HOST, MODES, LyingModel, Plan

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
DAY = date(2026, 11, 23)
_LINK = re.compile(r"https?:|//|!\[|\]\(|<[a-z/!]|javascript:|" + re.escape(HOST), re.IGNORECASE)
_QUOTE = re.compile(r"「([^「」]+)」|\"([^\"]+)\"|“([^”]+)”")


@dataclass
class Tally:
    """What was counted for one mode."""

    trials: int = 0
    sentences: int = 0
    verdicts: Counter[str] = field(default_factory=Counter)
    """supported, partly, left out: of the sentences that the model wrote."""
    problems: Counter[str] = field(default_factory=Counter)
    examples: list[str] = field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A question with its evidence, found once."""

    quoted: Answer


def cases(library: Library, most: int) -> list[Case]:
    """Golden questions that are answered, every language."""
    questions = [question for question in golden(CORPUS / "golden.toml") if question.expect]
    step = max(1, len(questions) // most)
    found = []
    for question in questions[::step][:most]:
        quoted = ask(library, question.text, clearance=3, as_of=DAY, write=False)
        if quoted.statements:
            found.append(Case(quoted=quoted))
    return found


def run(library: Library, prepared: Sequence[Case], modes: Iterable[str], seeds: Sequence[int]) -> dict[str, Tally]:
    """Every mode on every case, with the seeds in turn."""
    visible = library.visible(clearance=3, as_of=DAY, filters=Filters())
    names = library.names(visible)

    def load(hit: Hit) -> Document:
        return library.document(hit.chunk.document_id, hit.chunk.revision, clearance=3)

    tallies: dict[str, Tally] = defaultdict(Tally)
    with LyingModel() as server:
        for mode in modes:
            tally = tallies[mode]
            for at, case in enumerate(prepared):
                model = LanguageModel(Endpoint(url=server.url, model=f"{mode}:{seeds[at % len(seeds)]}", seconds=20.0, attempts=1))
                answer = Writer(model=model).answer(case.quoted, load=load, names=names, meant={})
                count(tally, answer, server.plans[-1], library)
    return dict(tallies)


def count(tally: Tally, answer: Answer, plans: Sequence[Plan], library: Library) -> None:
    """Add one trial."""
    tally.trials += 1
    tally.sentences += len(plans)
    for statement in answer.statements:
        _check_shown(tally, answer, statement, library)
    if answer.mode != "write" and not answer.left_out:
        tally.verdicts["stood in"] += len(plans)
        return
    shown = {_bare(statement.text): statement for statement in answer.statements if answer.mode == "write"}
    for plan in plans:
        # With marks, a rule and its proviso are two sentences; the lie is in the first.
        said = _bare(re.split(r"(?<=。)|(?<=\.) ", plan.text)[0] if plan.lie and plan.lie != "markup" else plan.text)
        match = next((statement for text, statement in shown.items() if text == said or (plan.lie == "markup" and text in said)), None)
        match = match or next(
            (s for text, s in shown.items() if len(text) > 12 and (said in text or (not plan.lie and text in said))), None
        )
        if match is None:
            tally.verdicts["left out"] += 1
            if not plan.lie:
                reasons = [f"{lack.flaw}:{lack.words}" for left in answer.left_out if _bare(left.text) in said for lack in left.lacks]
                tally.examples.append(f"left out {reasons} {plan.text}\n        <- {plan.source}")
        else:
            tally.verdicts[match.status.value] += 1
            if plan.lie and plan.lie != "markup" and match.status is Status.SUPPORTED:
                tally.examples.append(f"shown {plan.text}\n        <- {plan.source}")


def _check_shown(tally: Tally, answer: Answer, statement: Statement, library: Library) -> None:
    for citation in statement.citations:
        try:
            verify(citation, library.document(citation.document_id, citation.revision, clearance=3))
        except CitationError:
            tally.problems["unverified quote"] += 1
        if not any(hit.chunk.document_id == citation.document_id for hit in answer.hits):
            tally.problems["unknown citation"] += 1
    texts = [library.document(c.document_id, c.revision, clearance=3).text + c.title for c in statement.citations]
    if answer.mode == "write":
        for match in _QUOTE.finditer(statement.text):
            quote = next(group for group in match.groups() if group)
            if not any(quote in text for text in texts):
                tally.problems["invented quote"] += 1
        if _LINK.search(statement.text):
            tally.problems["link"] += 1


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text)


def table(tallies: dict[str, Tally]) -> str:
    """The figures as text."""
    lines = [f"{'mode':<18}{'trials':>7}{'sentences':>10}{'supported':>10}{'partly':>8}{'left out':>9}{'stood in':>9}  problems"]
    for mode, tally in tallies.items():
        counts = [tally.verdicts[name] for name in ("supported", "partly", "left out", "stood in")]
        cells = f"{counts[0]:>10}{counts[1]:>8}{counts[2]:>9}{counts[3]:>9}"
        lines.append(f"{mode:<18}{tally.trials:>7}{tally.sentences:>10}{cells}  {dict(tally.problems) or ''}")
    trials = sum(tally.trials for tally in tallies.values())
    lines.append(f"{trials} trials, {sum((tally.problems for tally in tallies.values()), Counter())!r}")
    return "\n".join(lines)


WRITING = tuple(name for name in MODES if name != "empty")


def main(home: Path | None, most: int, modes: Sequence[str], examples: int) -> None:
    """Print the table, and for a look the sentences that went wrong."""
    folder = home or Path(tempfile.mkdtemp()) / "home"
    library = Library(Settings(home=folder))
    if not library.published:
        list(ingest(library, [CORPUS]))
    tallies = run(library, cases(library, most), modes or WRITING, range(8))
    print(table(tallies))
    for mode, tally in tallies.items():
        for example in tally.examples[:examples]:
            print(f"  {mode}: {example}")
    library.close()


if __name__ == "__main__":
    given = sys.argv[1:]
    main(Path(given[0]) if given else None, int(given[1]) if len(given) > 1 else 40, given[3:], int(given[2]) if len(given) > 2 else 0)
