"""新旧対照表: a table whose columns set new wording beside old. The new is what is in force; the old is kept beside it and never quoted.

Each row becomes a pair: the new wording as text of its own, so that articles in it are found, and behind it the old wording as FORMER.
Other columns (備考) stay with the new wording.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag.read.structure import Line

_NEW = re.compile(r"(?:改正|改定|変更|修正|見直し)(?:後|案)(?:欄|の規定|全文)?|新(?:規程|規定|条文)?|改め?後")
_OLD = re.compile(r"(?:改正|改定|変更|修正|見直し)前(?:欄|の規定|全文)?|旧(?:規程|規定|条文)?|現行(?:欄|規程|規定|条文)?|改め?前")
_UNCHANGED = re.compile(r"[（(]?(?:同左|同右|略|新設|削除|削る|削り|新規|変更なし|改正なし)[）)]?|[-―－ー〃]")


def in_force(lines: Sequence[Line]) -> list[Line]:
    """``lines`` with every table of new and old wording taken apart."""
    out: list[Line] = []
    columns: tuple[int, int] | None = None
    for line in lines:
        if not line.table:
            columns = None
            out.append(line)
            continue
        cells = line.text.split("｜")
        found = _columns(cells)
        if found is not None:  # also repeated on the next page
            columns = found
            out.append(replace(line, former=True))
        elif line.first and columns is not None and len(cells) <= max(columns):
            columns = None
            out.append(line)
        elif columns is None or len(cells) <= max(columns):
            out.append(line)
        else:
            out.extend(_pair(line, cells, *columns))
    return out


def _columns(cells: Sequence[str]) -> tuple[int, int] | None:
    """(new, old): which cells name the two columns; None where this row names none."""
    bare = [re.sub(r"[\s\u3000・（）()]+", "", cell) for cell in cells]
    new = [at for at, cell in enumerate(bare) if _NEW.fullmatch(cell)]
    old = [at for at, cell in enumerate(bare) if _OLD.fullmatch(cell)]
    return (new[0], old[0]) if len(new) == 1 and len(old) == 1 and len(cells) <= 4 else None


def _pair(line: Line, cells: Sequence[str], new: int, old: int) -> list[Line]:
    beside = [cell for at, cell in enumerate(cells) if at not in (new, old) and cell.strip()]
    wording = cells[new].strip()
    now = replace(line, text=wording, table=False, first=False)
    pair = [replace(now, former=True)] if _UNCHANGED.fullmatch(wording) else [now] if wording else []
    pair += [replace(now, text=cell) for cell in beside]
    if cells[old].strip():
        pair.append(replace(now, text=cells[old].strip(), former=True))
    return pair
