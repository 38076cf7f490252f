"""A memo as Markdown with footnotes ([^1]), as GitHub, Pandoc and most editors show them.

Words of documents are escaped: whatever stands in them, a program that shows the file sees letters, no image, no HTML, no heading.
"""

from __future__ import annotations

import re

from rag.export.memo import Link, Memo, Note, Said

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|!~&$^]|^:|:(?=[^\s0-9]|[0-9]{3}))", re.MULTILINE)
"""Signs that mean something inside a line; a colon before a letter too, or editors make a link of every bare address, and pictures of
:100: and its like. In 02:14 and before a space it means nothing."""
_ADDRESS = re.compile(r"\b(www)\.", re.IGNORECASE)
_OPENS = re.compile(r"^(\s*)(?:([-+=])|(\d{1,9})([.)]))", re.MULTILINE)
"""What would make a list or a heading of a line."""


def markdown(memo: Memo) -> str:
    """The whole file; ends with a line end."""
    parts = [f"> **{escape(memo.notice)}**" if memo.warns else f"> {escape(memo.notice)}", f"# {_one_line(memo.title)}"]
    colon = ": " if memo.language == "en" else "："
    parts.append("\n".join(f"- {escape(name)}{colon}{_one_line(value)}" for name, value in memo.facts))
    parts += [f"**{_one_line(premise)}**" for premise in memo.premises]
    for section in memo.sections:
        parts.append(f"## {_one_line(section.heading)}")
        for said in section.said:
            parts += _said(said)
    parts.append("\n".join(_note(note) for note in memo.notes))
    return "\n\n".join(part for part in parts if part) + "\n"


def escape(text: str) -> str:
    """Text that Markdown shows as exactly these characters."""
    escaped = _ADDRESS.sub(r"\1\\.", _SIGNS.sub(r"\\\1", text))
    return _OPENS.sub(lambda m: f"{m[1]}\\{m[2]}" if m[2] else f"{m[1]}{m[3]}\\{m[4]}", escaped)


def _said(said: Said) -> list[str]:
    marks = "".join(f"[^{note.number}]" for note in said.notes)
    bold = said.decides.cut(said.text) if said.decides else ""
    # Asterisks beside a bracket or 。 would be shown as asterisks.
    if said.decides and "\n" not in bold and bold[:1].isalnum() and bold[-1:].isalnum():
        before, after = said.text[: said.decides.start], said.text[said.decides.end :]
        text = f"{escape(before)}**{escape(bold)}**{escape(after)}"
    else:
        text = escape(said.text)
    lines = text.splitlines() or [""]
    # Two spaces at its end keep a line's end where it is.
    above = [_one_line(said.question)] if said.question else []
    return [*above, "  \n".join(line.strip() for line in lines) + marks] + ([f"*{_one_line(said.remark)}*"] if said.remark else [])


def _note(note: Note) -> str:
    quote = f" 「{_one_line(note.quote)}」" if note.quote else ""
    links = "".join(f" {_link(link)}" for link in note.links)
    return f"[^{note.number}]: {_one_line(note.text)}{quote}{links}"


def _link(link: Link) -> str:
    address = re.sub(r"[\s<>\\]", lambda m: "".join(f"%{byte:02X}" for byte in m[0].encode()), link.address)
    return f"[{escape(link.label)}](<{address}>)"


def _one_line(text: str) -> str:
    return escape(" ".join(text.split()))
