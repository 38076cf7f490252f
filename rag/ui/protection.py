"""How the page is served: the guard before it, and what the page may load and run in the browser (Content-Security-Policy)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import streamlit
from starlette.middleware import Middleware

from rag.serve.guard import Guard
from rag.serve.hosts import Host
from rag.ui import scripts
from rag.ui.texts import LANGUAGES, Words

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
"""The page into which Streamlit's scripts draw."""
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def guard(hosts: Sequence[Host]) -> Middleware:
    """The guard before the page.

    Args:
        hosts: names under which the page may be asked for, besides this machine's own.
    """
    return Middleware(Guard, hosts=hosts, policy=policy(), wrong_host=_told("serve.wrong_host"), wrong_origin=_told("serve.wrong_origin"))


def policy() -> str:
    """Everything from this server only; of scripts between the lines, only those that the program has as constants."""
    inline = [*_INLINE.findall(INDEX.read_text(encoding="utf-8")), *scripts.ALL]
    rules = {
        "default-src": ["'none'"],
        "script-src": ["'self'", *dict.fromkeys(map(scripts.digest, inline))],
        # Streamlit writes its stylesheets from its scripts, and so do we; what styles could load is limited by the other rules.
        "style-src": ["'self'", "'unsafe-inline'"],
        "img-src": ["'self'", "data:", "blob:"],
        "font-src": ["'self'", "data:"],
        "media-src": ["'self'", "blob:"],
        "manifest-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'self'"],
        "form-action": ["'self'"],
    }
    return "; ".join(" ".join([name, *sources]) for name, sources in rules.items())


def _told(key: str) -> str:
    # The reader's language is not known yet, and the address of another page may be wrong for either.
    return "".join(f"{Words(language)(key)}\n" for language in LANGUAGES)
