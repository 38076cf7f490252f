"""Adding to the library's own thesaurus, line by line, as a person would write it in the file."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rag import thesaurus
from rag.errors import SettingsError
from rag.library import Library
from rag.text import fold, language, storable

NAME = "thesaurus.toml"


def add(library: Library, said: str, means: Sequence[str], *, user: str) -> None:
    """People say ``said`` where regulations write one of ``means``. Counts at once, for every question.

    Raises:
        SettingsError: it is no entry, it says nothing new, or the file cannot be written; nothing was changed.
    """
    said, official = storable(said.strip()), [word for one in means if (word := storable(one.strip()))]
    # A JSON string is a TOML string too.
    line = f"{json.dumps(said, ensure_ascii=False)} = {json.dumps(official, ensure_ascii=False)}\n"
    wrong = thesaurus.read(line, NAME).problems
    if wrong or not said:
        raise SettingsError(wrong[0] if wrong else "An entry needs a word that people say.")
    meant = {fold(word) for word in official}
    if fold(said) in meant or meant == {fold(word) for word in library.thesaurus.entries.get(fold(said), ())}:
        raise SettingsError(f"The entry {said!r} says nothing new: enter what the regulations write in its place.")
    file = library.home / NAME
    before = file.read_text(encoding="utf-8-sig", errors="replace") if file.is_file() else ""
    part = f"\n[{language(said)}]\n"
    _write(file, f"{before.rstrip()}\n{part if part not in before else ''}{line}" if before else f"{part.lstrip()}{line}")
    library.registry.events.append(user=user, action="thesaurus", subject=said, detail={"means": official})


def _write(file: Path, text: str) -> None:
    """All of it or nothing: whoever reads it meanwhile sees the old one."""
    try:
        handle, name = tempfile.mkstemp(dir=file.parent, prefix=".thesaurus-")
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(text)
        Path(name).replace(file)
    except OSError as error:
        raise SettingsError(f"{file} cannot be written ({error.strerror}). Check the rights of the folder.") from error
