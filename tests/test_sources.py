"""sources.toml: what it says is taken over, what it gets wrong is named, and files without it are found all the same."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from rag.errors import SettingsError
from rag.inside import Place
from rag.records import Kind, Source
from rag.sources import NAME, find, load

from .conftest import CORPUS

FULL = """
[[document]]
id = "travel"
file = "ja/旅費規程.docx"
title = "旅費規程"
issuer = "公共サービス省"
number = "令和七年訓令第三号"
kind = "directive"
issued = 2025-03-01
effective_from = 2025-04-01
effective_to = 2026-03-31
level = 2
licence = "CC0-1.0"
language = "ja"
replaces = "old-travel"
"""


def write(folder: Path, text: str = "", *files: str) -> Path:
    for name in files:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)
    if text:
        (folder / NAME).write_text(text, encoding="utf-8")
    return folder


def entry(fields: str = "") -> str:
    return f'[[document]]\nid = "a"\nfile = "a.txt"\n{fields}\n'


def names(folder: Path) -> list[str]:
    return [found.source.uri for found in find([folder])]


# ---------------------------------------------------------------- reading


def test_every_field_is_taken_over(tmp_path: Path) -> None:
    assert load(write(tmp_path, FULL)).entries == {
        "ja/旅費規程.docx": (
            "travel",
            Source(
                uri="ja/旅費規程.docx",
                title="旅費規程",
                issuer="公共サービス省",
                number="令和七年訓令第三号",
                kind=Kind.DIRECTIVE,
                issued=date(2025, 3, 1),
                effective_from=date(2025, 4, 1),
                effective_to=date(2026, 3, 31),
                level=2,
                licence="CC0-1.0",
                language="ja",
                replaces="old-travel",
            ),
        )
    }


def test_what_is_left_out_is_unknown(tmp_path: Path) -> None:
    assert load(write(tmp_path, entry())).entries == {"a.txt": ("a", Source(uri="a.txt", kind=Kind.OTHER, level=None))}


def test_a_folder_without_sources_is_no_trouble(tmp_path: Path) -> None:
    manifest = load(tmp_path)
    assert (dict(manifest.entries), manifest.only_listed) == ({}, False)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[[document]", "cannot be read"),
        (entry("colour = 'red'"), "entry 1 (a.txt): unknown field 'colour'. The fields are: effective_from, "),
        ('[[document]]\nfile = "a.txt"', "entry 1 (a.txt): 'id' must be text"),
        ('[[document]]\nid = "a"', "entry 1 (without a file): 'file' must be text"),
        ('[[document]]\nid = ""\nfile = "a.txt"', "'id' must be text"),
        (entry("title = 3"), "'title' must be text"),
        (entry("issued = '2025-03-01'"), "'issued' must be a date, written 2026-04-01 without quotes"),
        (entry("issued = 2025-03-01T10:00:00"), "'issued' must be a date"),
        (entry("level = 0"), "'level' must be 1, 2 or 3"),
        (entry("level = 4"), "'level' must be 1, 2 or 3"),
        (entry("level = '2'"), "'level' must be 1, 2 or 3"),
        (entry("level = true"), "'level' must be 1, 2 or 3"),  # true == 1 in Python
        (entry("level = 2.0"), "'level' must be 1, 2 or 3"),
        (entry("kind = 'law'"), "kind 'law' is not one of act, order, "),
        (entry() + entry("title = 'twice'"), "entry 2: the file a.txt is described twice"),
        ('[document]\nid = "a"\nfile = "a.txt"', "[[document]], in double brackets"),
        ("document = 'a.txt'", "[[document]], in double brackets"),
        ("document = ['a.txt']", "[[document]], in double brackets"),
        ("library = 3", "[library] may hold only_listed = true"),
        ("[library]\nonly_listed = 'false'", "without quotes"),  # a text, and any text is true in Python
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(write(tmp_path, text))
    assert says in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / NAME))


def test_bytes_that_are_not_utf_8_are_named(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(entry("title = '旅費'").encode("cp932"))
    with pytest.raises(SettingsError, match="cannot be read"):
        load(tmp_path)


def test_the_sample_ministry_describes_files_that_are_there() -> None:
    entries = load(CORPUS).entries
    assert len(entries) > 20
    assert [name for name in entries if not (CORPUS / name).is_file()] == []


# ---------------------------------------------------------------- finding


def test_files_come_by_name_without_the_hidden_ones(tmp_path: Path) -> None:
    write(tmp_path, "", "b.txt", "a/z.txt", "c.txt", ".hidden", ".git/config", "a/.DS_Store")
    assert names(tmp_path) == ["a/z.txt", "b.txt", "c.txt"]


def test_a_listed_file_has_its_entry_and_the_others_their_name(tmp_path: Path) -> None:
    write(tmp_path, entry("level = 2"), "a.txt", "b.txt")
    listed, other = find([tmp_path], level=1)
    assert (listed.document_id, listed.source.level, listed.listed) == ("a", 2, True)
    assert (other.source.uri, other.source.level, other.listed) == ("b.txt", 1, False)


def test_a_level_for_the_rest_never_touches_an_entry(tmp_path: Path) -> None:
    write(tmp_path, entry(), "a.txt")
    (listed,) = find([tmp_path], level=1)
    assert listed.source.level is None


def test_a_listed_file_that_is_missing_is_found_so_that_somebody_hears_of_it(tmp_path: Path) -> None:
    (found,) = find([write(tmp_path, entry())])
    assert found.file == Place(folder=tmp_path, parts=("a.txt",))
    assert found.listed


def test_only_listed_leaves_the_others_alone(tmp_path: Path) -> None:
    write(tmp_path, "[library]\nonly_listed = true\n" + entry(), "a.txt", "b.txt")
    assert names(tmp_path) == ["a.txt"]


def test_two_files_of_one_name_stay_two_documents(tmp_path: Path) -> None:
    write(tmp_path, "", "one/規程.txt", "two/規程.txt")
    one, two = find([tmp_path])
    assert one.document_id != two.document_id
    assert one.document_id.startswith("規程-") and two.document_id.startswith("規程-")


def test_a_file_has_one_id_however_it_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "", "a/b.txt")
    monkeypatch.chdir(tmp_path)
    ids = {found.document_id for path in (tmp_path, tmp_path / "a", tmp_path / "a" / "b.txt", Path("a/b.txt")) for found in find([path])}
    assert len(ids) == 1


def test_the_files_of_e_gov_belong_to_their_law(tmp_path: Path) -> None:
    # Two revisions of one law: the id is that of the law.
    write(tmp_path, "", "415AC0000000057_20250401_505AC0000000047.xml", "415AC0000000057_20270401_507AC0000000051.xml")
    assert [found.document_id for found in find([tmp_path])] == ["415AC0000000057"] * 2


def test_a_name_of_symbols_only_still_makes_an_id(tmp_path: Path) -> None:
    (found,) = find([write(tmp_path, "", "！！！.txt") / "！！！.txt"])
    assert found.document_id.startswith("file-")


def test_a_long_name_makes_a_short_id(tmp_path: Path) -> None:
    (found,) = find([write(tmp_path, "", "a" * 200 + ".txt")])
    assert len(found.document_id) == 60 + len("-") + 8


def test_a_library_among_the_documents_is_no_document(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("旅費", encoding="utf-8")
    home = tmp_path / "library"
    (home / "originals").mkdir(parents=True)
    (home / "registry.sqlite3").write_bytes(b"SQLite")
    (home / "originals" / "b.txt").write_text("旅費", encoding="utf-8")
    assert [found.file.name for found in find([tmp_path])] == ["a.txt"]
