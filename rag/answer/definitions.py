"""What a document's own terms mean: 「旅行命令権者」とは、…をいう。 a term and its meaning in an item of 定義, "X" means ..."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping

from rag import text
from rag.records import QUOTABLE, BlockKind, Document, Span

_QUOTED = re.compile(r"「([^「」]{2,20})」とは、")
_ITEM = re.compile(r"([^\s\u3000、。「」（）]{2,20})[\s\u3000].{4,}(?:をいう。?|もの。?|こと。?)$", re.DOTALL)
_ENGLISH = re.compile(r"[\"“]([^\"“”]{2,40})[\"”] means\b")


def definitions(document: Document) -> Mapping[str, Span]:
    """Defined term -> the sentence that says what it means, the first where there are several."""
    with _lock:
        key = (document.id, document.revision)
        if key not in _kept:
            while len(_kept) >= _KEPT:
                del _kept[next(iter(_kept))]
            _kept[key] = _definitions(document)
        return _kept[key]


_KEPT = 64
_kept: dict[tuple[str, str], Mapping[str, Span]] = {}
_lock = threading.Lock()


def _definitions(document: Document) -> Mapping[str, Span]:
    found: dict[str, Span] = {}
    for block in document.blocks:
        if block.kind not in QUOTABLE or block.kind is BlockKind.TABLE_ROW:
            continue
        if block.kind is BlockKind.ITEM and (match := _ITEM.match(block.span.cut(document.text))):
            found.setdefault(match[1], block.span)
            continue
        whole = block.span.cut(document.text)
        if "」とは、" not in whole and "means" not in whole:
            continue
        for sentence in text.sentences(document.text, block.span):
            for match in (*_QUOTED.finditer(sentence.cut(document.text)), *_ENGLISH.finditer(sentence.cut(document.text))):
                found.setdefault(match[1], sentence)
    return found
