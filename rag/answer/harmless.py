"""What a model wrote -> plain words: no markup, no pictures, no links that the evidence does not have, nothing invisible.

The screen escapes everything anyway (:mod:`rag.ui.safe`); this keeps an answer plain wherever else it goes: copies, files, programs.
"""

from __future__ import annotations

import re
import unicodedata

_PICTURE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\]]*)\]\(([^)]*)\)")
_BLOCK = re.compile(r"<(script|style|iframe|svg|object|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>?")
_ADDRESS = re.compile(
    r"(?:\b[a-z][a-z0-9+.-]{1,15}://|\bwww\.|\b(?:javascript|data|mailto|file|vbscript):)[^\s<>「」『』（）。、\"']*"
    r"|//[a-z0-9-]+(?:\.[a-z0-9-]+)+[^\s<>「」『』（）。、\"']*"
    r"|\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|jp|example|test|invalid|dev|app|xyz|info|biz|cn|ru|me|co|site|online|top|link|click)\b(?:[:/?#][^\s<>「」『』（）。、\"']*)?",
    re.IGNORECASE,
)  # fmt: skip
_MARKUP = re.compile(r"(?<!\w)(?:\*\*|__|~~|`+|#{1,6}\s|>{1,3}\s)|(?:\*\*|__|~~|`+)(?!\w)|&(?:#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\u3000]{2,}")


_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def visible(text: str) -> str:
    """``text`` without characters that nobody sees, and on one line."""
    kept = (" " if c in "\t\r\n" else c for c in text if c in "\t\r\n" or unicodedata.category(c) not in _INVISIBLE)
    return "".join(kept)


def harmless(text: str, evidence: str) -> str:
    """``text`` without markup and without addresses that ``evidence`` does not have.

    May be empty, where nothing else was there.
    """
    said = visible(text)
    said = _BLOCK.sub(" ", said)
    said = _PICTURE.sub(" ", said)
    said = _LINK.sub(lambda m: f"{m[1]} {m[2]}", said)
    said = _TAG.sub(" ", said)
    said = _MARKUP.sub("", said)
    said = _ADDRESS.sub(lambda m: m[0] if m[0] in evidence else " ", said)
    return _SPACES.sub(" ", said).strip()
