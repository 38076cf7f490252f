"""Files below a folder that was handed in: the only way from a name to an open file.

A sources.toml, an archive or a link can name any file of the machine, and whoever hands it in may not be allowed to read that file. So
one rule holds for every way in:

- A name that somebody wrote is taken apart by :func:`parts`. It may not be absolute, climb with "..", begin like a Windows drive or hold a
  NUL, whether "/" or "\\" is read as the separator.
- :func:`opened` opens the folder, then one part of the name after the other, each relative to the handle of the one before. No link is
  followed below the folder, even one that stays inside: whether it does could change between the look and the opening.
- What is no regular file is refused before it is opened: a pipe would make us wait, and opening a device can move it.
- Nothing outside is ever looked at, so no message can tell whether a file is there.

Only what a person names himself (:func:`alone`) may be a link, and so may the folder: he chose where it leads. Hard links are no names
of something else but the file itself, so they are read; no archive that is unpacked here can make one.

This needs openat, which Linux and macOS have.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.errors import FileUnreadable, OutsideFolder

_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOLDER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
"""O_PATH: a folder may be passed through by whoever may not list it."""
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_DRIVE = re.compile(r"[A-Za-z]:")
LEADS_OUT = "leads out of the folder that was handed in, so it was not opened. Put the file into the folder and name it from there."
LINK = "is a link, or lies behind one, so it was not opened. Put the file itself into the folder."


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Where a file lies. It is no path, so that nothing but :func:`opened` opens it."""

    folder: Path
    """What was handed in. It may be a link: whoever named it chose where it leads."""
    parts: tuple[str, ...]
    """The names below the folder that lead to the file. Empty where the name that was given leads nowhere below the folder."""

    @property
    def name(self) -> str:
        """The name below the folder, with "/" between its parts."""
        return "/".join(self.parts)


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """What a folder holds."""

    name: str
    is_file: bool
    """True for a regular file, not for a link to one."""
    is_folder: bool
    """True for a folder, not for a link to one."""


class LinkMet(Exception):
    """A part of the way below a folder is a link."""


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name that somebody wrote, below a folder; empty where it leads elsewhere."""
    pieces = re.split(r"[/\\]", name)
    if "\0" in name or not pieces[0] or ".." in pieces or any(_DRIVE.match(piece) for piece in pieces):
        return ()
    return tuple(piece for piece in name.split("/") if piece not in ("", "."))


def alone(path: Path) -> Place:
    """The place of a file that a person named himself, or that the program keeps. If it is a link, the file to which it leads now."""
    real = Path(os.path.realpath(path))
    return Place(folder=real.parent, parts=(real.name,))


def opened(place: Place, name: str) -> tuple[int, os.stat_result]:
    """Open a file for reading: its handle, which the caller closes, and what the system said of it when it was open.

    Args:
        name: the file's, for the message.

    Raises:
        OutsideFolder: the name leads out of its folder, or is a link or lies behind one.
        FileUnreadable: it is missing, is no regular file, or may not be read.
    """
    try:
        handle = _open(place, name)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise FileUnreadable(name, "is not there (any more).") from error
    except PermissionError as error:
        raise FileUnreadable(name, "may not be read: ask for permission.") from error
    except (OSError, UnicodeEncodeError) as error:
        raise FileUnreadable(name, f"cannot be read: {getattr(error, 'strerror', None) or 'no file can have this name'}.") from error
    about = os.fstat(handle)
    if not stat.S_ISREG(about.st_mode):  # it took the file's place meanwhile
        os.close(handle)
        raise FileUnreadable(name, "is not a regular file.")
    return handle, about


def entries(place: Place) -> list[Entry]:
    """What a folder holds, in the order of the names. Links are listed and not followed.

    Raises:
        OSError, LinkMet: it may not be listed, or is no folder any more.
    """
    way = _folder(place.folder, place.parts)
    try:
        handle = os.open(".", _LISTED, dir_fd=way)
    finally:
        os.close(way)
    try:
        with os.scandir(handle) as found:
            held = [
                Entry(name=one.name, is_file=one.is_file(follow_symlinks=False), is_folder=one.is_dir(follow_symlinks=False))
                for one in found
            ]
    finally:
        os.close(handle)
    return sorted(held, key=lambda one: one.name)


def _always(place: Place, held: Sequence[Entry]) -> bool:
    return True


def files(folder: Path, *, enter: Callable[[Place, Sequence[Entry]], bool] = _always) -> Iterator[Place]:
    """Everything below a folder that is no folder, in no particular order. Links are among it, and nothing behind them.

    A folder that may not be listed is among it too, so that somebody hears of it.

    Args:
        enter: whether what a folder below holds is wanted; called with what that is.
    """
    waiting = [Place(folder=folder, parts=())]
    while waiting:
        place = waiting.pop()
        try:
            held = entries(place)
        except (OSError, LinkMet):
            yield place
            continue
        if place.parts and not enter(place, held):
            continue
        for one in held:
            below = Place(folder=folder, parts=(*place.parts, one.name))
            if one.is_folder:
                waiting.append(below)
            else:
                yield below


def _open(place: Place, name: str) -> int:
    if not place.parts or not all(map(_is_plain, place.parts)):
        raise OutsideFolder(name, LEADS_OUT)
    *above, last = place.parts
    try:
        folder = _folder(place.folder, above)
    except LinkMet:
        raise OutsideFolder(name, LINK) from None
    try:
        kind = stat.S_IFMT(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
        if kind == stat.S_IFLNK:
            raise OutsideFolder(name, LINK)
        if kind == stat.S_IFDIR:  # what a folder holds is handed in in its place, unless it may not be listed
            raise FileUnreadable(name, "is a folder that may not be read: ask for permission.")
        if kind != stat.S_IFREG:
            raise FileUnreadable(name, "is not a regular file.")
        return os.open(last, _FILE, dir_fd=folder)
    except OSError as error:
        if error.errno == errno.ELOOP:  # a link took its place meanwhile
            raise OutsideFolder(name, LINK) from error
        raise
    finally:
        os.close(folder)


def _folder(folder: Path, below: Sequence[str]) -> int:
    """A handle of a folder below ``folder``.

    Raises:
        LinkMet: a part of the way is a link.
        OSError: a part of it is not there, is no folder or may not be entered.
    """
    handle = os.open(folder, _FOLDER)
    for part in below:
        try:
            deeper = os.open(part, _FOLDER | os.O_NOFOLLOW, dir_fd=handle)
        except OSError as error:
            if stat.S_ISLNK(os.stat(part, dir_fd=handle, follow_symlinks=False).st_mode):
                raise LinkMet from error
            raise
        finally:
            os.close(handle)
        handle = deeper
    return handle


def _is_plain(part: str) -> bool:
    return part not in ("", ".", "..") and "/" not in part and "\0" not in part
