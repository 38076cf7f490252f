"""Old Office files and rich text -> DOCX, XLSX or PPTX by LibreOffice, where it is installed; then our own readers read that.

LibreOffice runs without a screen, with a profile of its own that is thrown away, and writes only into a temporary folder. It runs in the
second child of ``sandbox``, which ends it when it takes too long; macros in the file are not run (their security level is the highest).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zipfile
from io import BytesIO
from pathlib import Path

from rag.errors import DamagedFile, EmptyFile, FileTooLarge, PasswordNeeded, UnknownFormat
from rag.read.options import How
from rag.read.reading import READ

MAX_CONVERTED = 512 * 2**20
"""Bytes of any file that LibreOffice may write."""
MAX_UNPACKED = 500 * 2**20
"""Bytes. A small archive can unpack to more than the machine has."""
INSTALL = "apt-get install libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui"

_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_SETTINGS = {
    "Office.Common/Security/Scripting": {
        "MacroSecurityLevel": "3",
        "DisableMacrosExecution": "true",
        "DisableActiveContent": "true",
        "BlockUntrustedRefererLinks": "true",
    },
    "Office.Writer/Content/Update": {"Link": "2"},
    "Office.Calc/Content/Update": {"Link": "2"},
}
"""No macro, no script, and no link to another file or address is followed."""


def _registry() -> str:
    items = "".join(
        f'<item oor:path="/org.openoffice.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
        for path, values in _SETTINGS.items()
        for name, value in values.items()
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">{items}</oor:items>'


_ODF = re.compile(rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)", re.DOTALL)


def for_libreoffice(data: bytes) -> bool:
    """True for the container of .doc, .xls and .ppt, for rich text, and for OpenDocument."""
    return data.startswith((_OLE, b"{\\rtf")) or _open_document(data) is not None


def _open_document(data: bytes) -> str | None:
    """ "text", "spreadsheet" or "presentation" for an OpenDocument file: its type is its first, unpacked entry."""
    match = re.match(
        rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis\.opendocument\.(text|spreadsheet|presentation)", data[:200], re.DOTALL
    )
    return match[1].decode() if match else None


def kind(data: bytes, name: str) -> tuple[str, str, str]:
    """What the file is, as (what a person calls it, its ending, the ending of the format that it is turned into).

    Raises:
        PasswordNeeded: it is a new Office file, encrypted.
        UnknownFormat: the container holds no Office document.
    """
    if data.startswith(b"{\\rtf"):
        return "a rich text file (.rtf)", "rtf", "docx"
    if found := _open_document(data):
        return {
            "text": ("an OpenDocument text (.odt)", "odt", "docx"),
            "spreadsheet": ("an OpenDocument spreadsheet (.ods)", "ods", "xlsx"),
            "presentation": ("an OpenDocument presentation (.odp)", "odp", "pptx"),
        }[found]
    # The names of streams in the container's directory tell what it holds; a directory may lie anywhere in the file.
    for stream, found_kind in (
        ("EncryptedPackage", None),
        ("WordDocument", ("an old Word file (.doc)", "doc", "docx")),
        ("Workbook", ("an old Excel file (.xls)", "xls", "xlsx")),
        ("Book", ("an old Excel file (.xls)", "xls", "xlsx")),
        ("PowerPoint Document", ("an old PowerPoint file (.ppt)", "ppt", "pptx")),
    ):
        if (stream + "\0").encode("utf-16-le") in data:
            if found_kind is None:
                raise PasswordNeeded(name, "it is protected with a password. Remove the password in Office and add it again.")
            return found_kind
    raise UnknownFormat(name, f"it is built like an old Office file, but holds no document of Word, Excel or PowerPoint. {READ}")


def converted(data: bytes, name: str, how: How) -> tuple[bytes, str]:
    """The file as DOCX, XLSX or PPTX, and which of them.

    Raises:
        UnknownFormat: LibreOffice is not installed or may not be used here; the message says what to do.
        PasswordNeeded: it is encrypted.
        DamagedFile: LibreOffice does not open it.
        ReadTimeout: raised by the sandbox, which ends LibreOffice with its child.
    """
    what, ending, target = kind(data, name)
    program = shutil.which("soffice") or shutil.which("libreoffice")
    if program is None or not how.office:
        raise UnknownFormat(name, f"it is {what}, which LibreOffice reads. Install it ({INSTALL}), or save it as {target.upper()} or PDF.")
    with tempfile.TemporaryDirectory(prefix="konkyo-") as folder:
        given, profile, out = Path(folder, f"given.{ending}"), Path(folder, "profile"), Path(folder, "out")
        given.write_bytes(data)
        (profile / "user").mkdir(parents=True)
        (profile / "user" / "registrymodifications.xcu").write_text(_registry(), encoding="utf-8")
        run = subprocess.run(
            [
                program,
                "--headless",
                "--norestore",
                "--nolockcheck",
                "--nodefault",
                f"-env:UserInstallation={profile.as_uri()}",
                "--convert-to",
                target,
                "--outdir",
                str(out),
                str(given),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "HOME": folder, "SAL_USE_VCLPLUGIN": "svp"},
            check=False,
        )
        made = out / f"given.{target}"
        if not made.is_file():
            said = " ".join(run.stdout.decode("utf-8", "replace").split())[:200] or f"exit {run.returncode}"
            if "password" in said.lower():
                raise PasswordNeeded(name, "it is protected with a password. Remove the password in Office and add it again.")
            raise DamagedFile(name, f"it is {what}, but LibreOffice does not open it ({said}). Save it as {target.upper()} and add that.")
        result = made.read_bytes()
    if not result:
        raise EmptyFile(name, "LibreOffice found nothing in it.")
    return result, target


def check_unpacked(data: bytes, name: str) -> None:
    """
    Raises:
        FileTooLarge: the archive would unpack to more than ``MAX_UNPACKED`` bytes.
        zipfile.BadZipFile: it is none.
    """
    with zipfile.ZipFile(BytesIO(data)) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    if unpacked > MAX_UNPACKED:
        raise FileTooLarge(name, f"it unpacks to {unpacked:,} bytes; the limit is {MAX_UNPACKED:,}. Remove pictures, or save it as PDF.")
