"""Archives that somebody hands in: what is good comes out under its name, what is bad is refused whole, in a sentence."""

from __future__ import annotations

import stat
import zipfile
from pathlib import Path

import pytest

from rag.desk import unpack as unpacking
from rag.desk.unpack import unpack
from rag.errors import ArchiveRefused


def packed(file: Path, entries: dict[str, bytes | str], **attributes: int) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in entries.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            for key, value in attributes.items():
                setattr(info, key, value)
            archive.writestr(info, data)
    return file


def names(folder: Path, files: list[Path]) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in files)


def test_files_come_out_and_hidden_ones_do_not(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"規程/旅費.md": "# 旅費", "b.md": "# b", "__MACOSX/._b.md": "x", ".git/config": "x", "空/": ""})
    files = unpack(archive, tmp_path / "out", megabytes=10, name="a.zip")
    assert names(tmp_path / "out", files) == ["b.md", "規程/旅費.md"]
    assert (tmp_path / "out" / "規程" / "旅費.md").read_text(encoding="utf-8") == "# 旅費"


def test_names_that_japanese_windows_wrote(tmp_path: Path) -> None:
    file = packed(tmp_path / "a.zip", {"XXXX.md": "# 旅費"})
    data = file.read_bytes().replace(b"XXXX.md", "旅費.md".encode("cp932"))
    file.write_bytes(data)
    assert names(tmp_path / "out", unpack(file, tmp_path / "out", megabytes=10, name="a.zip")) == ["旅費.md"]


@pytest.mark.parametrize("name", ["../out.md", "a/../../out.md", "/etc/out.md", "..\\out.md", "C:\\out.md", "a:b.md"])
def test_a_name_that_climbs(tmp_path: Path, name: str) -> None:
    archive = packed(tmp_path / "a.zip", {"good.md": "# good", name: "# bad"})
    with pytest.raises(ArchiveRefused, match=r"a\.zip: holds the name .*, which leads out of its folder\. Nothing of it was taken in"):
        unpack(archive, tmp_path / "in" / "out", megabytes=10, name="a.zip")
    assert [file for file in tmp_path.rglob("*") if file.name != "a.zip" and file.is_file()] == []


def test_a_link(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"link": "/etc/passwd"}, external_attr=(stat.S_IFLNK | 0o777) << 16)
    with pytest.raises(ArchiveRefused, match="which is a link or a device"):
        unpack(archive, tmp_path / "out", megabytes=10, name="a.zip")


def test_a_bomb_ends_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "FREE", 2**20)
    archive = packed(tmp_path / "a.zip", {f"{n}.txt": bytes(4 * 2**20) for n in range(4)})
    assert archive.stat().st_size < 20_000
    with pytest.raises(ArchiveRefused, match=r"becomes more than \d+ MB when it is unpacked: it is not what it seems"):
        unpack(archive, tmp_path / "out", megabytes=100, name="a.zip")
    assert not (tmp_path / "out").exists()


def test_sizes_that_the_archive_tells_are_not_believed(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", {"a.txt": bytes(3 * 2**20)})
    data = archive.read_bytes().replace((3 * 2**20).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    archive.write_bytes(data)
    with pytest.raises(ArchiveRefused):
        unpack(archive, tmp_path / "out", megabytes=1, name="a.zip")


def test_too_many_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(unpacking, "MAX_FILES", 3)
    with pytest.raises(ArchiveRefused, match="holds 4 files; the limit is 3"):
        unpack(packed(tmp_path / "a.zip", {f"{n}.md": "x" for n in range(4)}), tmp_path / "out", megabytes=10, name="a.zip")


def test_no_archive_and_a_torn_one(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing")
    with pytest.raises(ArchiveRefused, match="is no ZIP archive"):
        unpack(tmp_path / "a.zip", tmp_path / "out", megabytes=10, name="a.zip")
    whole = packed(tmp_path / "b.zip", {"a.md": "some words " * 500})
    data = bytearray(whole.read_bytes())
    data[60:70] = bytes(10)
    whole.write_bytes(bytes(data))
    with pytest.raises(ArchiveRefused):
        unpack(whole, tmp_path / "out", megabytes=10, name="b.zip")
    assert not (tmp_path / "out").exists()
