"""Everything that can go wrong, as a tree.

KonkyoError
├── SettingsError            a setting has a value that cannot be used
├── ReadError                a file could not become a document
│   ├── EmptyFile            no bytes, no pages or no text at all
│   ├── UnknownFormat        nothing reads this kind of file
│   ├── DamagedFile          truncated, or not what its name says
│   ├── PasswordNeeded       encrypted
│   ├── FileTooLarge         more bytes than the limit
│   ├── FileUnreadable       no permission, vanished, or changed while it was read
│   ├── OutsideFolder        a name that leads out of the folder that was handed in, or a link in it
│   ├── ReadTimeout          more seconds than the limit
│   ├── ReadMemory           more memory than the limit
│   └── ArchiveRefused       a ZIP that is none, is too large unpacked, or would write where it must not
├── FetchFailed              a law could not be fetched over the network, or that is switched off
├── Stopped                  somebody wanted the work stopped
├── LibraryError             the registry cannot do what was asked
│   ├── LibraryLocked        another process is writing
│   ├── LibraryOutdated      made by another version of Konkyo
│   ├── UnknownDocument      no document has this id
│   ├── NotAsPublished       a revision is not what the log says was published
│   ├── UnknownPlace         a golden question expects a document, a provision or a page that is not there
│   ├── GateClosed           a check speaks against publishing, and nobody said why it may be done all the same
│   ├── GoldenRegressed      a golden question that was answered rightly would no longer be
│   └── DiskFull             too little room to write safely
├── IndexDamaged             an index file is missing, torn or does not find what it must
├── ModelError               the embedding model cannot be used
├── EndpointError            the language model did not give a whole reply
│   ├── EndpointUnreachable  nothing answers at its address
│   ├── EndpointTimeout      more seconds than the limit
│   ├── EndpointRefused      the key is not accepted
│   ├── EndpointBusy         too many requests
│   ├── EndpointFailed       it reports an error, or what it sends is no reply
│   ├── EndpointMalformed    the reply is not in the shape that was asked for
│   └── EndpointCut          the reply ended in the middle
├── CitationError            a quote is not what the stored revision says
├── PackError                a file is no evidence pack, or there is nothing to check it against
└── EvaluationError          a data set for measuring is not in the shape that is read

A message says what happened, to what, and what to do. Errors of other libraries are translated where they are called.
"""

from __future__ import annotations

from collections.abc import Sequence


class KonkyoError(Exception):
    """Base of every error that Konkyo raises on purpose. ``str(error)`` is fit for a person."""


class SettingsError(KonkyoError):
    """A setting has a value that cannot be used."""


class ReadError(KonkyoError):
    """A file could not become a document.

    ``code`` names the case in one word, for tables and for translating the message.
    """

    code = "unreadable"

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f"{name}: {reason}")
        self.name = name
        self.reason = reason


class EmptyFile(ReadError):
    """No bytes, no pages, or no text at all."""

    code = "empty"


class UnknownFormat(ReadError):
    """Nothing reads this kind of file."""

    code = "unknown-format"


class DamagedFile(ReadError):
    """Truncated, or not what its name says."""

    code = "damaged"


class PasswordNeeded(ReadError):
    """The file is encrypted and needs a password."""

    code = "password"


class FileTooLarge(ReadError):
    """More bytes than the limit."""

    code = "too-large"


class FileUnreadable(ReadError):
    """No permission, vanished, or changed while it was read."""

    code = "no-access"


class OutsideFolder(ReadError):
    """The name leads out of the folder that was handed in, or a link is on the way. Whether there is a file is not looked at."""

    code = "outside"


class ReadTimeout(ReadError):
    """Reading took more seconds than the limit."""

    code = "timeout"


class ReadMemory(ReadError):
    """Reading took more memory than the limit."""

    code = "memory"


class ArchiveRefused(ReadError):
    """A ZIP that is none, is too large unpacked, or holds names that would be written where they must not be."""

    code = "archive"


class FetchFailed(KonkyoError):
    """A law could not be fetched over the network, or that is switched off."""


class Stopped(KonkyoError):
    """Somebody wanted the work stopped."""


class LibraryError(KonkyoError):
    """The registry cannot do what was asked."""


class LibraryLocked(LibraryError):
    """Another process is writing to the library."""


class LibraryOutdated(LibraryError):
    """The library on disk was made by another version of Konkyo."""


class UnknownDocument(LibraryError):
    """No document has this id."""


class NotAsPublished(LibraryError):
    """A revision is not what the log says was published: somebody changed the library by hand."""

    def __init__(self, document_id: str, number: int) -> None:
        super().__init__(
            f"{document_id} is not what was published: it was changed outside the program, and is not shown. "
            "What was changed is told by: python -m rag status --deep"
        )
        self.document_id = document_id
        self.number = number
        """The registry's number of the revision."""


class UnknownPlace(LibraryError):
    """A golden question expects a document, a provision or a page that is not there."""

    def __init__(self, document: str, where: str = "", *, near: Sequence[str] = ()) -> None:
        what = f"{document} has no {where!r}" if where else f"There is no document {document!r}"
        said = f"Near it: {', '.join(near)}." if near else "Nothing there is spelled like it."
        see = f"Its provisions: python -m rag show {document}" if where else "List the documents with: python -m rag list"
        super().__init__(f"{what}. {said} {see}")
        self.document = document
        self.where = where
        """The provision or the page; empty where the document is not there."""
        self.near = tuple(near)
        """What is there and is called like it, the nearest first."""


class GateClosed(LibraryError):
    """A check speaks against publishing, and nobody said why it may be done all the same."""


class GoldenRegressed(LibraryError):
    """A golden question that was answered rightly would no longer be."""

    def __init__(self, message: str, lost: Sequence[tuple[str, str, str]] = ()) -> None:
        super().__init__(message)
        self.lost = tuple(lost)
        """(question, verdict now, verdict then) of each."""


class DiskFull(LibraryError):
    """Too little room on the disk to write safely."""


class IndexDamaged(KonkyoError):
    """An index file is missing, torn, or does not find what it must."""


class ModelError(KonkyoError):
    """The embedding model cannot be used."""


class EndpointError(KonkyoError):
    """The language model did not give a whole reply. The message never holds what the endpoint said: that may repeat the key."""

    code = "failed"
    again = True
    """Whether another attempt may help."""

    def __init__(self, message: str, *, wait: float = 0.0) -> None:
        super().__init__(message)
        self.wait = wait
        """Seconds that the endpoint asked to wait (Retry-After)."""


class EndpointUnreachable(EndpointError):
    """Nothing answers at the endpoint's address."""

    code = "unreachable"


class EndpointTimeout(EndpointError):
    """The reply took more seconds than the limit."""

    code = "timeout"


class EndpointRefused(EndpointError):
    """The endpoint does not accept the key."""

    code = "key"
    again = False


class EndpointBusy(EndpointError):
    """The endpoint has too many requests."""

    code = "busy"


class EndpointFailed(EndpointError):
    """The endpoint reports an error, or what it sends is no reply."""

    code = "failed"


class EndpointMalformed(EndpointError):
    """The reply is neither JSON nor sentences with numbers of evidence."""

    code = "malformed"


class EndpointCut(EndpointError):
    """The reply ended in the middle."""

    code = "cut"


class CitationError(KonkyoError):
    """A quote is not what the stored revision says."""


class PackError(KonkyoError):
    """A file is no evidence pack, or there is nothing to check it against."""


class EvaluationError(KonkyoError):
    """A data set for measuring is not in the shape that is read."""
