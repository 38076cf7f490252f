"""The log: edited, shortened, moved or cut entries are noticed."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from rag.audit import Anchor, anchor, verify
from rag.registry import Registry


@pytest.fixture
def registry(tmp_path: Path) -> Registry:
    made = Registry(tmp_path / "registry.sqlite3")
    for number in range(6):
        made.events.append(user="kato", action="publish", subject=f"rule{number}", detail={"reason": f"because {number}"})
    return made


def change(registry: Registry, sql: str) -> None:
    with sqlite3.connect(registry.file) as connection:
        connection.execute(sql)
    connection.close()


def test_an_untouched_log_is_sound(registry: Registry) -> None:
    events = registry.events.all()
    assert verify(events) == [] and len(events) == 6
    assert verify(events, anchor(events[:4])) == []
    assert Anchor.read(str(anchor(events))) == anchor(events)
    assert [event.subject for event in registry.events.all("rule3")] == ["rule3"]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET detail = replace(detail, 'because 3', 'because I may')",
        "UPDATE events SET user = 'sato' WHERE number = 2",
        "UPDATE events SET at = '2020-01-01T00:00:00.000+00:00' WHERE number = 1",
        "DELETE FROM events WHERE number = 3",
        "DELETE FROM events WHERE number = 1",
        "UPDATE events SET number = CASE number WHEN 2 THEN 103 ELSE 102 END WHERE number IN (2, 3)",
    ],
)
def test_whoever_touches_it_is_noticed(registry: Registry, sql: str) -> None:
    change(registry, sql)
    assert verify(registry.events.all())


def test_a_cut_end_is_noticed_by_an_anchor_kept_elsewhere(registry: Registry) -> None:
    kept = anchor(registry.events.all())
    change(registry, "DELETE FROM events WHERE number > 4")
    assert verify(registry.events.all()) == []
    assert "cut off" in verify(registry.events.all(), kept)[0]
    registry.events.append(user="sato", action="publish", subject="x", detail={})
    registry.events.append(user="sato", action="publish", subject="y", detail={})
    assert verify(registry.events.all(), kept), "written anew, with as many entries"


def test_many_writers_make_one_chain(registry: Registry) -> None:
    def work(name: str) -> None:
        for number in range(10):
            registry.events.append(user=name, action="note", subject=str(number), detail={})

    threads = [threading.Thread(target=work, args=(f"user{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    events = registry.events.all()
    assert len(events) == 46 and verify(events) == []
