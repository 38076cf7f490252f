"""The library's own words, added from the desk: they count at once, and a wrong one changes nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from rag.desk.words import add
from rag.errors import SettingsError
from tests.small import library_at


def test_words_are_added_line_by_line_and_count_at_once(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    add(library, "つぶやき休み", ["年次休暇", " 年次有給休暇 ", ""], user="kato")
    add(library, 'say "off"', ["leave"], user="kato")
    add(library, "半ドン", ["半日勤務"], user="kato")
    assert library.thesaurus.problems == ()
    assert library.thesaurus.entries["つぶやき休み"] == ("年次休暇", "年次有給休暇")
    assert library.thesaurus.entries['say "off"'] == ("leave",)
    assert library.thesaurus.entries["半ドン"] == ("半日勤務",)
    assert [event.subject for event in library.registry.events.all() if event.action == "thesaurus"] == [
        "つぶやき休み",
        'say "off"',
        "半ドン",
    ]


def test_what_a_person_wrote_in_the_file_stays(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    file = library.home / "thesaurus.toml"
    file.write_text('# ours\n[ja]\n"有休" = ["年次休暇"]', encoding="utf-8")
    add(library, "代休", ["振替休日"], user="kato")
    assert file.read_text(encoding="utf-8").startswith('# ours\n[ja]\n"有休" = ["年次休暇"]\n')
    assert {"有休", "代休"} <= set(library.thesaurus.entries)


@pytest.mark.parametrize(("said", "means"), [("", ["x"]), ("代休", []), ("代休", ["", " "]), ("。", ["x"])])
def test_no_entry(tmp_path: Path, said: str, means: list[str]) -> None:
    library = library_at(tmp_path / "home")
    with pytest.raises(SettingsError):
        add(library, said, means, user="kato")
    assert not (library.home / "thesaurus.toml").exists()
    assert library.registry.events.all() == []
