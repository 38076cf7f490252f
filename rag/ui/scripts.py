"""The scripts of the pages, all of them: the browser is told their digests before it draws anything, and runs no other.

They are constants. No text from documents or readers can be in them, since this file knows none.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping

from rag.ui.texts import Language

ALL: list[Script] = []
"""What stands between <script> and </script> on the pages."""


class Script(str):
    """A script of ours."""

    __slots__ = ()

    def __new__(cls, script: str) -> Script:
        # In a function of its own: a page that is drawn again declares nothing twice.
        made = super().__new__(cls, f"(() => {{{script}\n}})()")
        ALL.append(made)
        return made


def digest(script: str) -> str:
    """A script's digest, as a Content-Security-Policy names it."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


LANGUAGE: Mapping[Language, Script] = {
    "ja": Script("document.documentElement.lang = 'ja'"),
    "en": Script("document.documentElement.lang = 'en'"),
}
"""The language of the page, for screen readers and the choice of glyphs."""
SKIP = Script("""
if (!document.querySelector('body > .k-skip')) {
  const link = document.createElement('a');
  link.className = 'k-skip';
  link.href = '#';
  link.addEventListener('click', (event) => {
    event.preventDefault();
    const to = document.querySelector('.st-key-question input') || document.querySelector('.stHtml h1');
    if (!to) return;
    if (to.tagName === 'H1') to.tabIndex = -1;
    to.focus();
  });
  document.body.prepend(link);
}
""")
"""The first thing that the keyboard reaches leads past the menu and what stands around every page: to the question, or to the heading.
It belongs before Streamlit's own menu, where no element of a page can stand; its words come with the stylesheet."""
TO_TOP = Script("document.querySelector('[data-testid=stMain]').scrollTo(0, 0)")
"""Runs when the document is opened, and not again while it stays open."""
_TO_FIELD = """
const toField = (tries) => {
  const field = document.querySelector('.st-key-question input');
  if (field && document.activeElement === document.body) field.focus({preventScroll: true});
  else if (!field && tries) setTimeout(() => toField(tries - 1), 100);
};
"""
AT_ONCE = Script(f"window.konkyoLoaded = true;{_TO_FIELD}toField(50);")
"""So that one can type at once."""
WHEN_LOADED = Script(f"if (!window.konkyoLoaded) {{ window.konkyoLoaded = true; {_TO_FIELD} toField(50); }}")
"""The same where an answer stands already, but only when the page comes: later the keyboard keeps the place that the reader gave it."""
_FIND_MARK = """
const panel = document.querySelector('.st-key-source');
const mark = panel && (panel.querySelector('.k-aim mark, .k-pointed') || panel.querySelector('mark'));
if (mark) panel.scrollTop += mark.getBoundingClientRect().top - panel.getBoundingClientRect().top - panel.clientHeight / 2;
"""
TO_MARK = Script(_FIND_MARK)
"""To the quoted words, inside the panel that holds their source."""
TO_PANEL = Script(f"{_FIND_MARK}if (panel && window.innerWidth <= 900) panel.scrollIntoView({{block: 'start'}});")
"""The same, and to the panel where it stands below the answer."""
