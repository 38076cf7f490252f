"""What status says of references: how many lead somewhere, and which do not."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from rag.cli.terminal import out, shown
from rag.records import HIGHEST_LEVEL

if TYPE_CHECKING:
    from rag.library import Library

_FOLDED = 8
"""So many targets are named without --references."""
_SAME = "the same document"


def facts(library: Library, *, every: bool) -> dict[str, Any]:
    """Counts for ``status --json``, of the documents that the person at this machine may see.

    Args:
        every: also each reference that leads nowhere, with where it stands.
    """
    revisions = {r.number: r for r in library.published if (r.source.level or HIGHEST_LEVEL) <= library.settings.clearance}
    counts = library.registry.references.counts(list(revisions))
    targets: Counter[str] = Counter()
    for (name, _), count in counts.missing.items():
        targets[name or _SAME] += count
    found: dict[str, Any] = {
        "references": counts.references,
        "references_resolved": counts.resolved,
        "references_unresolved": counts.references - counts.resolved,
        "references_unresolved_by_target": dict(targets.most_common()),
        "revisions_whose_references_were_not_read": len(revisions) - counts.revisions,
    }
    if every:
        found["references_unresolved_each"] = [
            {
                "document": revisions[one.revision].document_id,
                "revision": revisions[one.revision].sha256,
                "place": one.place,
                "names": one.name or _SAME,
                "address": one.address,
                "start": one.span.start,
                "end": one.span.end,
            }
            for one in library.registry.references.unresolved(list(revisions))
        ]
    return found


def show(found: dict[str, Any]) -> None:
    """Print them for a person."""
    total, resolved = found["references"], found["references_resolved"]
    share = f" ({resolved / total:.1%})" if total else ""
    out.print(f"References    {total}, of which {resolved}{share} lead to a provision or document in the library")
    if unread := found["revisions_whose_references_were_not_read"]:
        out.print(f"              {unread} revisions were not read for references yet. Run: python -m rag rebuild")
    targets = list(found["references_unresolved_by_target"].items())
    each = found.get("references_unresolved_each")
    if each is not None:
        for one in each:
            target = f"{one['names']} {one['address']}".strip()
            out.print(f"  {shown(one['document'])} {shown(one['place'])}: {shown(target)}")
    elif targets:
        for name, count in targets[:_FOLDED]:
            out.print(f"  {count} to {shown(name)}")
        if more := targets[_FOLDED:]:
            out.print(f"  {sum(count for _, count in more)} to {len(more)} other targets; each with: python -m rag status --references")
