"""What is handed in opens nothing of the machine but itself: no name, link, pipe or archive leads out of the folder."""

from __future__ import annotations

import os
import re
import socket
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from rag import cli, inside, sources
from rag.desk import jobs, work
from rag.desk.unpack import unpack
from rag.errors import ArchiveRefused, FileUnreadable, OutsideFolder, SettingsError
from rag.ingest import Outcome, ingest
from rag.inside import Place, alone, opened, parts
from rag.library import Library
from rag.registry import DRAFT
from rag.text import short
from rag.ui import reasons
from rag.ui.texts import Words

from .conftest import TODAY
from .fakes import FakeEmbedder, NoModel
from .small import library_at

SECRET = "The password of the vault is swordfish."


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A file that nobody handed in."""
    folder = tmp_path / "outside"
    folder.mkdir()
    (folder / "secret.md").write_text(f"# Secret\n\n{SECRET}\n", encoding="utf-8")
    return folder / "secret.md"


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    folder = tmp_path / "handed-in"
    folder.mkdir()
    (folder / "good.md").write_text("# Good\n\nTravel is booked by the office.\n", encoding="utf-8")
    return folder


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_at(tmp_path / "home")


def listing(*names: str) -> str:
    return "".join(f"[[document]]\nid = 'd{n}'\nfile = {_toml(name)}\nlevel = 1\n" for n, name in enumerate(names))


def _toml(text: str) -> str:
    return '"' + "".join(c if c.isalnum() or c in "/._-" else f"\\U{ord(c):08x}" for c in text) + '"'


def outcomes(library: Library, folder: Path) -> dict[str, Outcome]:
    return {outcome.name: outcome for outcome in ingest(library, [folder], level=1)}


def nothing_leaked(library: Library) -> bool:
    every = library.registry.documents([revision.number for revision in library.registry.revisions()])
    return all("swordfish" not in document.text for document in every.values())


# ---------------------------------------------------------------- names


ELSEWHERE: dict[str, Callable[[Path], str]] = {
    "absolute": str,
    "climbing": lambda file: f"../outside/{file.name}",
    "climbing from below": lambda file: f"sub/../../outside/{file.name}",
    "climbing at the end": lambda file: "sub/..",
    "drive": lambda file: "C:\\outside\\secret.md",
    "drive behind a folder": lambda file: "sub/C:secret.md",
    "climbing as in Windows": lambda file: "..\\outside\\secret.md",
    "network share": lambda file: "\\\\server\\secret.md",
    "home": lambda file: "/root/../" + str(file).lstrip("/"),
}


@pytest.mark.parametrize("how", ELSEWHERE)
def test_a_manifest_names_nothing_outside(how: str, handed_in: Path, outside: Path, library: Library) -> None:
    name = ELSEWHERE[how](outside)
    (handed_in / sources.NAME).write_text(listing(name, "good.md"), encoding="utf-8")
    found = outcomes(library, handed_in)
    assert (found["good.md"].result, found[name].result, found[name].code) == ("added", "failed", "outside")
    assert "leads out of the folder that was handed in" in found[name].reason and "Put the file into the folder" in found[name].reason
    assert nothing_leaked(library)


def test_the_same_is_said_whether_the_file_is_there_or_not(handed_in: Path, outside: Path, library: Library) -> None:
    (handed_in / "there.md").symlink_to(outside)
    (handed_in / "not-there.md").symlink_to(outside.with_name("nothing.md"))
    (handed_in / sources.NAME).write_text(listing(str(outside), str(outside.with_name("nothing.md"))), encoding="utf-8")
    found = outcomes(library, handed_in)
    for one, other in ((str(outside), str(outside.with_name("nothing.md"))), ("there.md", "not-there.md")):
        assert (found[one].code, found[one].reason) == (found[other].code, found[other].reason) == ("outside", found[one].reason)


@pytest.mark.parametrize("name", ["a\0.md", "a" * 5_000_000, "a/" * 3_000 + "b.md", "\U000e0001" * 300])
def test_a_name_that_no_file_can_have_is_left_out_in_a_short_message(name: str, handed_in: Path, library: Library) -> None:
    (handed_in / sources.NAME).write_text(listing(name, "good.md"), encoding="utf-8")
    found = outcomes(library, handed_in)
    (left,) = [outcome for outcome in found.values() if outcome.name != "good.md"]
    assert left.result == "failed" and left.code in ("outside", "no-access")
    assert len(left.name) < 5_000 and len(left.reason) < 300


@pytest.mark.parametrize(
    "entry",
    [
        f"file = '{'a' * 5_000_000}'\nlevel = 9",
        f"file = 'a.md'\nkind = '{'a' * 5_000_000}'",
        f"file = 'a.md'\n{'a' * 5_000_000} = 1",
    ],
)
def test_a_wrong_entry_is_named_in_a_short_message(entry: str, handed_in: Path) -> None:
    (handed_in / sources.NAME).write_text(f"[[document]]\nid = 'a'\n{entry}\n", encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        sources.load(handed_in)
    assert len(str(caught.value)) < 600


def test_an_id_is_not_as_long_as_a_book(handed_in: Path) -> None:
    (handed_in / sources.NAME).write_text(f"[[document]]\nid = '{'a' * 5_000}'\nfile = 'good.md'\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="'id' may have 300 characters and has 5,000"):
        sources.load(handed_in)


def test_names_that_are_not_utf8_are_read(handed_in: Path, library: Library) -> None:
    folder = os.fsencode(handed_in) + b"/\xff"
    os.mkdir(folder)  # noqa: PTH102
    with open(folder + b"/415AC0000000057_20250401_505AC0000000047.md", "w", encoding="utf-8") as file:
        file.write("# Odd\n\nLunch is at noon.\n")
    (found,) = [outcome for outcome in outcomes(library, handed_in).values() if outcome.name != "good.md"]
    assert (found.result, found.name) == ("added", "\ufffd/415AC0000000057_20250401_505AC0000000047.md")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.md", ("a.md",)),
        ("./規程//旅費.md", ("規程", "旅費.md")),
        ("a..b/...md", ("a..b", "...md")),
        ("12:30 の会議.md", ("12:30 の会議.md",)),
        ("", ()),
        (".", ()),
        ("..", ()),
        ("/", ()),
        ("\\a", ()),
        ("a/\\..\\b", ()),
        ("C:a", ()),
    ],
)
def test_the_parts_of_a_name(name: str, expected: tuple[str, ...]) -> None:
    assert parts(name) == expected


# ---------------------------------------------------------------- links and what is no file


def test_links_that_are_found_and_links_that_are_listed_are_left_out(handed_in: Path, outside: Path, library: Library) -> None:
    (handed_in / "found.md").symlink_to(outside)
    (handed_in / "listed.md").symlink_to(outside)
    (handed_in / "folder").symlink_to(outside.parent, target_is_directory=True)
    (handed_in / "inner.md").symlink_to(handed_in / "good.md")
    (handed_in / sources.NAME).write_text(listing("listed.md", "folder/secret.md"), encoding="utf-8")
    found = outcomes(library, handed_in)
    assert found.pop("good.md").result == "added"
    assert set(found) == {"found.md", "listed.md", "folder", "folder/secret.md", "inner.md"}, "what lies behind a link is not listed"
    for outcome in found.values():
        assert (outcome.result, outcome.code) == ("failed", "outside"), outcome
        assert "is a link, or lies behind one" in outcome.reason
    assert nothing_leaked(library)


def test_a_manifest_that_is_a_link_is_not_read(handed_in: Path, outside: Path) -> None:
    (handed_in / sources.NAME).symlink_to(outside)
    with pytest.raises(SettingsError, match="is a link, or lies behind one") as caught:
        sources.load(handed_in)
    assert "password" not in str(caught.value)
    (handed_in / sources.NAME).unlink()
    (handed_in / sources.NAME).symlink_to(outside.with_name("nothing"))
    with pytest.raises(SettingsError) as missing:
        sources.load(handed_in)
    assert str(missing.value) == str(caught.value)


def test_a_link_named_like_a_registry_does_not_tell_whether_a_file_is_there(handed_in: Path, outside: Path) -> None:
    for name, target in (("one", outside), ("two", outside.with_name("nothing"))):
        (handed_in / name).mkdir()
        (handed_in / name / sources.LIBRARY).symlink_to(target)
    names = [found.source.uri for found in sources.find([handed_in])]
    assert names == ["good.md", f"one/{sources.LIBRARY}", f"two/{sources.LIBRARY}"]


def test_pipes_sockets_and_devices_hold_nothing_up(handed_in: Path, library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(handed_in / "pipe.md")
    monkeypatch.chdir(handed_in)  # the name of a socket may have 100 characters
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind("socket.md")
        found = outcomes(library, handed_in)
    for name in ("pipe.md", "socket.md"):
        assert (found[name].code, found[name].reason) == ("no-access", "is not a regular file.")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        opened(alone(Path(os.devnull)), "null")
    os.mkfifo(handed_in / "pipe.zip")
    with pytest.raises(FileUnreadable, match="not a regular file"):
        unpack(handed_in / "pipe.zip", handed_in / "out", megabytes=1, name="pipe.zip")
    os.mkfifo(handed_in / sources.NAME)
    with pytest.raises(SettingsError, match="is not a regular file"):
        sources.load(handed_in)


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_link_that_takes_the_place_between_the_look_and_the_opening(
    what: str, handed_in: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (handed_in / "sub").mkdir()
    (handed_in / "sub" / "secret.md").write_text("harmless", encoding="utf-8")
    look = os.stat
    done: list[bool] = []

    def swap(*args: object, **more: object) -> os.stat_result:
        about = look(*args, **more)  # type: ignore[arg-type]
        if args[0] == "secret.md" and not done:
            done.append(True)
            if what == "file":
                (handed_in / "sub" / "secret.md").unlink()
                (handed_in / "sub" / "secret.md").symlink_to(outside)
            else:
                (handed_in / "sub").rename(handed_in / "was")
                (handed_in / "sub").symlink_to(outside.parent, target_is_directory=True)
        return about

    monkeypatch.setattr(os, "stat", swap)
    try:
        handle, _ = opened(Place(folder=handed_in, parts=("sub", "secret.md")), "secret.md")
    except OutsideFolder as error:
        assert what == "file" and "is a link" in error.reason
    else:
        with os.fdopen(handle) as file:
            assert file.read() == "harmless", "the folder that was looked into is the one that is opened from"
    assert done


@pytest.mark.parametrize("odd", [(), ("..", "outside", "secret.md"), ("/etc/passwd",), ("a/../../b",), ("",), ("a\0",), (".",)])
def test_a_place_that_is_none_is_not_opened_whoever_made_it(odd: tuple[str, ...], handed_in: Path) -> None:
    with pytest.raises(OutsideFolder):
        opened(Place(folder=handed_in, parts=odd), "x")


def test_a_link_that_somebody_names_himself_is_read(handed_in: Path, outside: Path, library: Library) -> None:
    (handed_in / "chosen.md").symlink_to(outside)
    (outcome,) = ingest(library, [handed_in / "chosen.md"], level=1)
    assert (outcome.name, outcome.result) == ("chosen.md", "added")
    (handed_in.parent / "way").symlink_to(handed_in, target_is_directory=True)
    found = {outcome.name: outcome.result for outcome in ingest(library, [handed_in.parent / "way"], level=1)}
    assert found["good.md"] == "added" and found["chosen.md"] == "failed"


def test_no_handle_is_left_open(handed_in: Path, outside: Path) -> None:
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("the system does not list the handles of a process")
    (handed_in / "link.md").symlink_to(outside)
    before = len(list(handles.iterdir()))
    for name in ("link.md", "none.md", "good.md/x", "../x", "", "none/x"):
        with pytest.raises((OutsideFolder, FileUnreadable)):
            opened(Place(folder=handed_in, parts=parts(name)), name)
    list(inside.files(handed_in))
    assert len(list(handles.iterdir())) == before


def test_folders_in_folders_end_nowhere_too_early(tmp_path: Path) -> None:
    deep = tmp_path
    for _ in range(400):
        deep = deep / "a"
    deep.mkdir(parents=True)
    (deep / "b.md").write_text("x", encoding="utf-8")
    assert [len(found.file.parts) for found in sources.find([tmp_path])] == [401]


# ---------------------------------------------------------------- every way in


def packed(file: Path, entries: dict[str, str]) -> Path:
    with zipfile.ZipFile(file, "w") as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return file


def test_a_zip_that_is_handed_in_on_the_page(tmp_path: Path, outside: Path, library: Library) -> None:
    manifest = listing(str(outside), f"../../../../../outside/{outside.name}", "good.md")
    archive = packed(tmp_path / "a.zip", {"good.md": "# Good\n\nTea is at three.\n", sources.NAME: manifest})
    number = jobs.add(library, [("a.zip", archive.read_bytes())], user="kato", clearance=1, level=1)
    work.work(library, today=lambda: TODAY)
    job = library.registry.jobs.get(number)
    assert job is not None
    assert [(entry["result"], entry["code"]) for entry in job.told] == [("failed", "outside"), ("failed", "outside"), ("added", "")]
    assert len(library.registry.revisions(DRAFT)) == 1 and nothing_leaked(library)
    for t in (Words("ja"), Words("en")):
        words = {reasons.said(t, str(entry["reason"])) for entry in job.told if entry["code"]}
        assert len(words) == 1 and all(words)
        assert all(reasons.said(t, reason) for reason in (inside.LEADS_OUT, inside.LINK)) and t("refused.outside")


@pytest.mark.parametrize("command", ["ingest", "add", "read"])
def test_a_folder_and_a_zip_on_the_command_line(
    command: str, tmp_path: Path, handed_in: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KONKYO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("rag.library.Embedder", lambda name, download: FakeEmbedder())
    monkeypatch.setattr("rag.library.StaticModel", NoModel)
    (handed_in / "link.md").symlink_to(outside)
    (handed_in / sources.NAME).write_text(listing(str(outside), "good.md"), encoding="utf-8")
    archive = packed(tmp_path / "a.zip", {"tea.md": "# Tea\n\nTea is at three.\n", sources.NAME: listing(str(outside))})
    given = [str(handed_in), *([str(archive)] if command == "add" else [])]
    result = CliRunner().invoke(cli.app, [command, *given])
    assert result.exit_code == 1 and "swordfish" not in result.output
    library = library_at(tmp_path / "home")
    assert nothing_leaked(library)
    if command != "read":
        titles = sorted(revision.source.title for revision in library.registry.revisions())
        assert titles == (["Good", "Tea"] if command == "add" else ["Good"])
    library.close()


def test_an_entry_of_an_archive_with_a_nul_or_a_long_name(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"goodX../../out.md": "# x"})
    archive.write_bytes(archive.read_bytes().replace(b"goodX../../out.md", b"good\0../../out.md"))
    with pytest.raises(ArchiveRefused, match="which leads out of its folder"):
        unpack(archive, tmp_path / "out", megabytes=1, name="a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as opened_:
        info = zipfile.ZipInfo("a" * 60_000)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened_.writestr(info, "/etc/passwd")
    with pytest.raises(ArchiveRefused, match="a link or a device") as caught:
        unpack(tmp_path / "b.zip", tmp_path / "out", megabytes=1, name="b.zip")
    assert len(str(caught.value)) < 300


def test_a_file_that_is_handed_in_under_an_odd_name(library: Library) -> None:
    names = ["../../x.md", "C:\\x.md", "/etc/passwd", "a.\0md", "b" * 5_000_000 + ".md"]
    number = jobs.add(library, [(name, f"# Rule {at}\n\nRoom {at}.\n".encode()) for at, name in enumerate(names)], user="k", clearance=1)
    job = library.registry.jobs.get(number)
    assert job is not None
    for plain, came in job.what["names"]:
        assert re.fullmatch(r"\d{5}(\.\w+)?", plain) and len(came) <= 1_000 and ".." not in came.split("/") and not came.startswith("/")
    work.work(library, today=lambda: TODAY)


def test_a_long_text_is_cut() -> None:
    assert short("a" * 100) == "a" * 100
    assert short("a" * 101) == "a" * 100 + "…"
