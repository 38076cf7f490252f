"""Which provisions and documents a question mentions: as in a text, but what stands apart in a question belongs together."""

from __future__ import annotations

from dataclasses import replace

from rag.address import BARE_SECTION_BEFORE, BARE_SECTION_BEHIND, Address, Mention
from rag.names import Names
from rag.records import Span
from rag.statute import parse


def asked(text: str, names: Names) -> list[Mention]:
    """The mentions of a question: 「旅費規程では、第5条は…」 asks for 第五条 of the only document that it names, "8.1 of the handbook"
    for its section 8.1."""
    mentions = [_with_bare_number(mention, text) for mention in parse(text, names)]
    named = {(mention.document, mention.name) for mention in mentions if mention.document or mention.name}
    if len(named) != 1:
        return mentions
    ((id, name),) = named
    return [mention if mention.document or mention.name else replace(mention, document=id, name=name) for mention in mentions]


def _with_bare_number(mention: Mention, text: str) -> Mention:
    """A document that is named alone, with the section that is numbered right before or behind it: 8.1 of the handbook."""
    if mention.document is None or mention.address != Address() or mention.step:
        return mention
    start, end = mention.span.start, mention.span.end
    before, behind = BARE_SECTION_BEFORE.search(text, max(0, start - 40), start), BARE_SECTION_BEHIND.match(text, end)
    if found := before or behind:
        address = Address(part="節", article=tuple(map(int, found["n"].split("."))))
        return replace(mention, span=Span(start=min(start, found.start()), end=max(end, found.end())), address=address)
    return mention
