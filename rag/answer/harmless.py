"""What a model wrote -> plain words: no markup, no pictures, no addresses, nothing invisible.

The screen escapes everything anyway (:mod:`rag.ui.safe`); this keeps an answer plain wherever else it goes: copies, files, programs.
Addresses that stand in the evidence are cut too: a document may have been written to have them passed on. The quote beside shows them.
"""

from __future__ import annotations

import re
import unicodedata

_PICTURE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"\[([^\]]*)\]\((?:[^()]|\([^()]*\))*\)")
_BLOCK = re.compile(r"<(script|style|iframe|svg|object|template)\b.*?(?:</\1\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"</?[a-zA-Z!][^<>]*>?")
_REST = r"[^\s<>「」『』（）。、\"']*"
_ADDRESS = re.compile(
    rf"(?:\b[a-z][a-z0-9+.-]{{1,15}}:/{{2,}}|\bwww\.|\b(?:javascript|data|mailto|file|vbscript|tel):){_REST}"
    rf"|//[a-z0-9-]+(?:\.[a-z0-9-]+)+{_REST}"
    r"|(?:[\w.+-]+@)?\b(?:[a-z0-9-]+\.)+(?:com|net|org|io|jp|example|test|invalid|dev|app|xyz|info|biz|cn|ru|me|co|site|online|top|link|click|zip)\b"
    rf"(?:[:/?#]{_REST})?"
    rf"|\b(?:[a-z0-9-]+\.)+[a-z]{{2,}}/{_REST}",
    re.IGNORECASE,
)
CUT = "[…]"
"""In the place of an address."""
_MARKUP = re.compile(r"(?<!\w)(?:\*\*|__|~~|`+|#{1,6}\s|>{1,3}\s)|(?:\*\*|__|~~|`+)(?!\w)|&(?:#\d+|#x[0-9a-f]+|[a-z]+);", re.IGNORECASE)
_SPACES = re.compile(r"[ \t\u3000]{2,}")


_LINES = re.compile(r"\s")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})


def visible(text: str) -> str:
    """``text`` without characters that nobody sees; lines stay."""
    return "".join(c for c in text if c in "\t\r\n" or unicodedata.category(c) not in _INVISIBLE)


def harmless(text: str) -> str:
    """``text`` without markup and addresses. May be empty, where nothing else was there."""
    said = _LINES.sub(" ", visible(text))
    said = _BLOCK.sub(" ", said)
    said = _PICTURE.sub(" ", said)
    said = _LINK.sub(r"\1", said)
    said = _TAG.sub(" ", said)
    said = _MARKUP.sub("", said)
    said = _ADDRESS.sub(CUT, said)
    said = said.removeprefix(CUT) if not re.search(r"\w", said.replace(CUT, "")) else said
    return _SPACES.sub(" ", said).strip()
