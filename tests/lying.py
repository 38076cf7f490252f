"""Trials of a lying model: what of its lies is shown, and what of its truths is not.

    python -m tests.lying                                     # the sample ministry's golden questions, the table
    python -m tests.lying --home HOME --most 40 --examples 8  # a library that has the sample corpus; sentences that went wrong
    python -m tests.lying --beir FOLDER                       # questions and passages of a data set in the BEIR layout

A lie counts as shown where a statement of the answer, marked as supported, has the sentence that was spoiled. What is no lie is not
counted as one: the model leaves out what, once spoiled, another passage of its evidence says word for word.
"""

from __future__ import annotations

import argparse
import random
import re
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rag.answer.verify import cite, verify
from rag.answer.write import Writer
from rag.ask import ask
from rag.chunk import chunk
from rag.errors import CitationError
from rag.evaluate import beir
from rag.evaluate.golden import load as golden
from rag.ingest import ingest
from rag.library import Library
from rag.model import Endpoint, LanguageModel
from rag.names import Names
from rag.records import Answer, Document, Filters, Hit, Statement, Status
from rag.settings import Settings

from .lies import HOST, MODES, Plan
from .lying_model import LyingModel

CORPUS = Path(__file__).resolve().parent.parent / "corpus"
DAY = date(2026, 11, 23)
LEFT_AND_RIGHT = 4
"""Passages beside the one that answers, in a data set."""
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
    load: Callable[[str, str], Document]
    """(document, revision) -> the document."""
    names: Names


def of_library(library: Library, most: int) -> list[Case]:
    """Golden questions that are answered, every language."""
    names = library.names(library.visible(clearance=3, as_of=DAY, filters=Filters()))
    questions = [question for question in golden(CORPUS / "golden.toml") if question.expect]
    found = []
    for question in questions[:: max(1, len(questions) // most)][:most]:
        quoted = ask(library, question.text, clearance=3, as_of=DAY, write=False)
        if quoted.statements:
            found.append(Case(quoted=quoted, load=lambda name, revision: library.document(name, revision, clearance=3), names=names))
    return found


def of_beir(folder: Path, most: int) -> list[Case]:
    """Questions of a data set, each with the passages that answer it and those that stand beside them."""
    data = beir.load(folder, queries=most)
    place = {passage.id: at for at, passage in enumerate(data.passages)}
    by_id = {passage.id: passage for passage in data.passages}
    names = Names.of({})
    found = []
    for id, question in data.questions.items():
        gold = [place[answer] for answer in data.grades[id] if answer in place][:4]
        near = [at + step for at in gold for step in (1, -1, 2, -2)[:LEFT_AND_RIGHT]]
        picked = [data.passages[at] for at in dict.fromkeys([*gold, *near]) if 0 <= at < len(data.passages)]
        hits = [
            Hit(chunk=piece, score=1.0, rank=rank, found_by={})
            for rank, piece in enumerate((piece for passage in picked for piece in chunk(passage)), start=1)
        ]
        first = Statement(text=hits[0].chunk.text, citations=(cite(by_id[hits[0].chunk.document_id], hits[0].chunk.span, 1),))
        quoted = Answer(id=id, question=question, as_of=DAY, statements=(first,), hits=tuple(hits[:10]))
        found.append(Case(quoted=quoted, load=lambda name, revision: by_id[name], names=names))
    return found


def run(prepared: Sequence[Case], modes: Iterable[str], seeds: Sequence[int]) -> dict[str, Tally]:
    """Every mode on every case, with the seeds in turn."""
    tallies: dict[str, Tally] = defaultdict(Tally)
    with LyingModel() as server:
        for mode in modes:
            for at, case in enumerate(prepared):
                model = LanguageModel(Endpoint(url=server.url, model=f"{mode}:{seeds[at % len(seeds)]}", seconds=20.0, attempts=1))

                def load(hit: Hit, case: Case = case) -> Document:
                    return case.load(hit.chunk.document_id, hit.chunk.revision)

                answer = Writer(model=model).answer(case.quoted, load=load, names=case.names, meant={})
                count(tallies[mode], answer, server.plans[-1], case)
    return dict(tallies)


def count(tally: Tally, answer: Answer, plans: Sequence[Plan], case: Case) -> None:
    """Add one trial."""
    tally.trials += 1
    tally.sentences += len(plans)
    for statement in answer.statements:
        _check_shown(tally, answer, statement, case)
    if answer.mode != "write" and not answer.left_out:
        tally.verdicts["stood in"] += len(plans)
        return
    shown = [(_bare(statement.text), statement) for statement in answer.statements if answer.mode == "write"]
    for plan in plans:
        match = _shown(plan, shown)
        if match is None:
            tally.verdicts["left out"] += 1
            if not plan.lie:
                said = _bare(plan.text)
                reasons = [f"{lack.flaw}:{lack.words}" for left in answer.left_out if _bare(left.text) in said for lack in left.lacks]
                tally.examples.append(f"left out {reasons} {plan.text}\n        <- {plan.source}")
        else:
            tally.verdicts[match.status.value] += 1
            if (plan.lie not in ("", "markup")) == (match.status is Status.SUPPORTED):
                tally.examples.append(f"{match.status} {match.missing or ''} {plan.text}\n        <- {plan.source}")


def _shown(plan: Plan, shown: Sequence[tuple[str, Statement]]) -> Statement | None:
    """The statement that says what is wrong with a plan; of a faithful one, the least carried of its sentences."""
    wrong = _bare(plan.wrong or plan.text)
    if plan.lie == "markup":
        return next((statement for text, statement in shown if text in wrong), None)
    if plan.lie:
        return next((statement for text, statement in shown if wrong in text), None)
    # With marks, a rule and its proviso are two sentences.
    parts = [statement for text, statement in shown if text in wrong or wrong in text]
    if not parts or sum(len(_bare(part.text)) for part in parts) < len(wrong) - 2:
        return None
    return next((part for part in parts if part.status is not Status.SUPPORTED), parts[0])


def _check_shown(tally: Tally, answer: Answer, statement: Statement, case: Case) -> None:
    texts = []
    for citation in statement.citations:
        document = case.load(citation.document_id, citation.revision)
        texts.append(document.text + citation.title)
        try:
            verify(citation, document)
        except CitationError:
            tally.problems["unverified quote"] += 1
        if not any(hit.chunk.document_id == citation.document_id for hit in answer.hits):
            tally.problems["unknown citation"] += 1
    if answer.mode == "write":
        for match in _QUOTE.finditer(statement.text):
            quote = next(group for group in match.groups() if group)
            if not any(quote in text for text in texts):
                tally.problems["invented quote"] += 1
        if _LINK.search(statement.text):
            tally.problems["link"] += 1


def _bare(text: str) -> str:
    return re.sub(r"\W", "", text)


def share(tallies: dict[str, Tally], modes: Iterable[str], verdict: str) -> float:
    """Share of the sentences of some modes that got a verdict."""
    picked = [tallies[mode] for mode in modes if mode in tallies]
    return sum(tally.verdicts[verdict] for tally in picked) / max(1, sum(tally.sentences for tally in picked))


def table(tallies: dict[str, Tally]) -> str:
    """The figures as text."""
    lines = [f"{'mode':<18}{'trials':>7}{'sentences':>10}{'supported':>10}{'partly':>8}{'left out':>9}{'stood in':>9}  problems"]
    for mode, tally in tallies.items():
        counts = [tally.verdicts[name] for name in ("supported", "partly", "left out", "stood in")]
        cells = f"{counts[0]:>10}{counts[1]:>8}{counts[2]:>9}{counts[3]:>9}"
        lines.append(f"{mode:<18}{tally.trials:>7}{tally.sentences:>10}{cells}  {dict(tally.problems) or ''}")
    trials = sum(tally.trials for tally in tallies.values())
    problems = sum((tally.problems for tally in tallies.values()), Counter[str]())
    lines.append(f"{trials} trials; quotes, citations, links that should not be there: {sum(problems.values())}")
    for name, modes in GROUPS.items():
        verdict = "left out" if name == "faithful sentences" else "supported"
        lines.append(f"{name}, {verdict}: {share(tallies, modes, verdict):.1%}")
    return "\n".join(lines)


WRITING = tuple(name for name in MODES if name != "empty")
GROUPS = {
    "faithful sentences": ("faithful",),
    "changed figures": ("changes-number", "changes-limit", "changes-unit"),
    "turned obligations": ("may-to-must", "must-to-may", "negates"),
    "dropped provisos": ("drops-proviso",),
    "somebody else acts": ("swaps-subject", "changes-actor"),
}


def main() -> None:
    """Print the table, and for a look the sentences that went wrong."""
    parser = argparse.ArgumentParser(description="Trials of a lying model.")
    parser.add_argument("--home", type=Path, help="a library with the sample corpus; without it one is made")
    parser.add_argument("--beir", type=Path, help="a data set instead of the sample corpus")
    parser.add_argument("--most", type=int, default=40, help="questions")
    parser.add_argument("--examples", type=int, default=0, help="sentences of each mode to print")
    parser.add_argument("modes", nargs="*", default=list(WRITING))
    given = parser.parse_args()
    if given.beir:
        tallies = run(of_beir(given.beir, given.most), given.modes, range(8))
    else:
        library = Library(Settings(home=given.home or Path(tempfile.mkdtemp()) / "home"))
        if not library.published:
            list(ingest(library, [CORPUS]))
        tallies = run(of_library(library, given.most), given.modes, range(8))
        library.close()
    print(table(tallies))
    for mode, tally in tallies.items():
        for example in random.Random(1).sample(tally.examples, min(given.examples, len(tally.examples))):
            print(f"  {mode}: {example}")


if __name__ == "__main__":
    main()
