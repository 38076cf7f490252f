"""A question, from somebody who may read so much, about a day -> an Answer. The thread that ties the stages together."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from datetime import date

from rag import about, terms
from rag.answer import enough, quote
from rag.answer.asks import for_the_text
from rag.answer.relevance import Question
from rag.answer.suggest import suggestions
from rag.answer.write import Said, Writer
from rag.compare import Comparer
from rag.errors import NotAsPublished
from rag.library import Library
from rag.premises import premises
from rag.question import understand
from rag.records import Answer, Document, Filters, Hit, PremiseKind, Refusal, RefusalReason
from rag.search import NO_FILTERS, looked_for, search
from rag.text import fold, storable

HITS = 30
"""Hits that an answer keeps, and looks into."""
NEAREST = 3
_LOOKS = 10
"""So often a question is put again where a text that it looks into is found not to be what was published."""
ABOUT = 60
"""Characters: a question so short is about the law that it names; a longer one may name it in passing."""


def ask(
    library: Library,
    question: str,
    *,
    clearance: int,
    as_of: date,
    filters: Filters = NO_FILTERS,
    progress: Callable[[str, int], None] = lambda stage, count: None,
    said: Said = lambda statements: None,
    write: bool = True,
) -> Answer:
    """Answer by quoting, or refuse. The same question to the same library gives the same answer.

    Where a language model is set, it words the answer, and what it says is checked (:mod:`rag.answer.write`).

    Args:
        clearance: 1 to 3; nothing above it is searched, cited or named.
        as_of: the day whose law counts.
        progress: told what is being done ("searching", "reading", "writing", "checking") and how many documents, passages or
            sentences it concerns.
        said: told the statements that a language model has written and that were checked, all of them, whenever that changes.
        write: False to quote, whatever is set.

    Raises:
        IndexDamaged, ModelError: see :func:`rag.search.search`.
        NotAsPublished: ever more of what is looked into turns out not to be what was published.
    """
    for _ in range(_LOOKS):
        changes = library.changes
        try:
            answer = _ask(library, question, clearance, as_of, filters, progress, said, write)
        except NotAsPublished:
            continue  # it is known now: the answer is made from the rest
        if library.changes == changes:
            return answer
    return _ask(library, question, clearance, as_of, filters, progress, said, write)


def _ask(
    library: Library,
    question: str,
    clearance: int,
    as_of: date,
    filters: Filters,
    progress: Callable[[str, int], None],
    said: Said,
    write: bool,
) -> Answer:
    question = storable(question)
    asked = question.strip()
    short = looked_for(library, asked)
    visible = library.visible(clearance=clearance, as_of=as_of, filters=filters)
    progress("searching", len(visible))

    def refuse(
        reason: RefusalReason,
        hits: tuple[Hit, ...] = (),
        missing: tuple[str, ...] = (),
        instead: tuple[str, ...] = (),
        answered: float | None = None,
        weighed: Sequence[quote.Weighed] = (),
    ) -> Answer:
        near = weighed or quote.weigh(weighed_question(library, asked), hits[:NEAREST], load) if hits else ()
        refusal = Refusal(
            reason=reason,
            documents=len(visible),
            terms=tuple(written[term] for term in about.words(short) if term in written),
            missing=tuple(written.get(term, term) for term in missing),
            nearest=tuple(quote.nearest(near, NEAREST)),
            suggestions=instead,
            where=tuple(sorted({revision.source.issuer for revision in visible if revision.source.issuer})),
        )
        return Answer(id=identity, question=question, as_of=as_of, refusal=refusal, premises=wrong, answered=answered, hits=hits)

    def load(hit: Hit) -> Document:
        return library.document(hit.chunk.document_id, hit.chunk.revision, clearance=clearance)

    written = terms.surfaces(short)
    identity = _identity(asked, clearance, as_of, filters, library.registry.generation)
    wrong = premises(library, short, clearance=clearance, as_of=as_of, filters=filters)
    if not visible:
        return refuse(RefusalReason.EMPTY_LIBRARY)
    if not terms.words(short):
        return refuse(RefusalReason.EMPTY_QUESTION)
    result = search(library, asked, clearance=clearance, as_of=as_of, limit=enough.BACKGROUND, filters=filters)
    hits = result.hits[:HITS]
    by_address = any("address" in hit.found_by for hit in hits)
    if result.named.missing and not by_address:
        return refuse(RefusalReason.NO_SUCH_PROVISION, hits, result.named.missing)
    elsewhere = tuple(premise.what for premise in wrong if premise.kind is PremiseKind.NOT_IN_LIBRARY)
    # Other texts may speak of a law that is not here; its own words are nowhere else.
    if elsewhere and not by_address and len(asked) <= ABOUT and (for_the_text(result.named.beside, ()) or not _speak_of(elsewhere, hits)):
        return refuse(RefusalReason.NOT_ANSWERED, hits, elsewhere)
    if not hits:
        return refuse(RefusalReason.NOTHING_FOUND, missing=tuple(about.words(short)))
    progress("reading", len(hits))
    asked_for = weighed_question(library, asked)
    weighed = quote.weigh(asked_for, hits, load)
    answered = enough.answered(asked_for, result.hits, weighed, library.keyword.count)
    answers = by_address or answered >= threshold(library)
    chosen = quote.choose(asked_for, weighed, result.named.spans, result.named.beside) if answers else []
    if not chosen:
        found = [word for hit in hits for word in terms.words(f"{hit.chunk.context}\n{hit.chunk.text}")]
        official = [word for entry in library.thesaurus.find(short) for word in entry.means]
        instead = suggestions(asked_for, hits, official, library.keyword.known)
        return refuse(RefusalReason.NOT_ANSWERED, hits, asked_for.missing(found), instead, answered, weighed)
    made = tuple(quote.statements(chosen))
    quoted = Answer(id=identity, question=question, as_of=as_of, statements=made, premises=wrong, answered=answered, hits=hits)
    model = library.language_model if write else None
    if model is None:
        return quoted
    writer = Writer(model=model, entails=library.judge.entails if library.judge else None)
    return writer.answer(quoted, load=load, names=library.names(visible), meant=asked_for.meant, progress=progress, said=said)


def _speak_of(names: Sequence[str], hits: Sequence[Hit]) -> bool:
    """True where a text was found that itself speaks of one of these laws."""
    texts = [fold(f"{hit.chunk.context}\n{hit.chunk.text}") for hit in hits]
    return any(fold(name) in text for name in names for text in texts)


def weighed_question(library: Library, question: str) -> Question:
    """A question as terms with weights, and the models that compare it with texts. Of a very long one the beginning and the end count."""
    asked = looked_for(library, question)
    content = terms.content_words(asked) or terms.words(asked)
    written = terms.surfaces(asked)
    comparer = Comparer(library, asked)
    return Question(
        text=asked,
        weights=library.keyword.rarity(content),
        meant=understand(asked, library.thesaurus).meant,
        surfaces=tuple(written.get(term, term) for term in content),
        cosines=comparer.cosines,
        alike=comparer.alike,
    )


def threshold(library: Library) -> float:
    """The probability below which a question is refused: the knowledge manager's, or the one that was learned."""
    chosen = library.settings.refuse_below
    return enough.load().threshold if chosen is None else chosen


def _identity(question: str, clearance: int, as_of: date, filters: Filters, generation: int) -> str:
    parts = [question, str(clearance), as_of.isoformat(), str(generation)]
    parts += [",".join(sorted(some)) for some in (filters.issuers, filters.kinds, filters.documents)]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:16]
