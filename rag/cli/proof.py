"""Is the library what its log says? On the command line: with status, with log --verify, and beside every answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rag.cli.terminal import counted, err, out, shown

if TYPE_CHECKING:
    from rag.library import Library
    from rag.registry.proof import Mismatch


def facts(library: Library, *, deep: bool) -> dict[str, Any]:
    """What status says of it, as JSON: what does not match, by name as far as this clearance goes, and since when there are digests."""
    from rag.trust import told

    found = library.mismatches(sample=True, deep=deep)
    named, others = told(found, library.settings.clearance)
    since = library.registry.checker.look().expected.since
    later = {"at": since[0], "by": since[1], "revisions": since[2]} if since else None
    return {
        "checked": "everything" if deep else "a sample",
        "mismatches": [{"part": one.part, "of": one.subject, "revision": one.revision, "message": one.sentence} for one in named],
        "mismatches_above_this_level": others,
        "digests_recorded_later": later,
    }


def show(told: dict[str, Any]) -> None:
    """Print it."""
    found, others, later = told["mismatches"], told["mismatches_above_this_level"], told["digests_recorded_later"]
    out.print("Log           " + ("" if found or others else f"what is published is what it says ({told['checked']} was hashed)"))
    if later:
        revisions = counted(later["revisions"], "revision")
        out.print(f"              digests of {revisions} from before were recorded on {later['at'][:10]} by {shown(later['by'])}:")
        out.print("              what they were before that day nobody can tell")
    for one in found:
        out.print(f"  {one['part']}: {shown(one['message'])}")
    if others:
        out.print(f"  {counted(others, 'thing', 'things')} more of documents above this level")


def faults(library: Library, *, deep: bool = False) -> list[str]:
    """Print on the second stream what is not what the log says. Returns what was printed."""
    from rag.trust import told

    named, others = told(library.mismatches(sample=True, deep=deep), library.settings.clearance)
    said = [one.sentence for one in named]
    if others:
        said.append(f"{counted(others, 'thing', 'things')} more of documents above this level do not follow from the log.")
    for sentence in said:
        err.print(shown(sentence))
    return said


def beside_answer(found: list[Mismatch], clearance: int) -> None:
    """Say under an answer which documents it was made without, as far as the reader may know of them."""
    from rag.registry.proof import Part
    from rag.trust import told

    aside = (Part.GOLDEN, Part.CORRECTION, Part.ORIGINAL)
    for one in told([one for one in found if one.part not in aside], clearance)[0]:
        err.print(shown(f"note: {one.sentence}"))
