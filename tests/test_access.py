"""Nobody reads above the level: users x levels x every way to text, and each layer of protection alone.

Each chunk carries its level in its words (``geheim3``), so that a leak is seen in any text that comes out.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from rag import cli
from rag.ask import ask
from rag.embed import Vectors
from rag.errors import UnknownDocument
from rag.export import answer_to_json
from rag.index.keyword import KeywordIndex
from rag.index.scope import NARROW, Scope, fill
from rag.index.vector import VectorIndex
from rag.library import Library
from rag.question import understand
from rag.records import HIGHEST_LEVEL, Chunk, Document, Filters, Kind
from rag.search import search

from .conftest import TODAY
from .fakes import FakeEmbedder, NoModel
from .small import document, find, library_at, publish, vectors

LEVELS = (1, 2, 3, None)
TOPICS = ["travel", "parking", "badge", "archive", "旅費", "駐車", "名札", "文書"]
ISSUERS = ["Ministry", "Bureau", "Centre"]
MANY = 2 * NARROW
"""Documents; for the higher clearances more than an index is given by number."""


def secrecy(level: int | None) -> str:
    """A word that stands in every text of this level."""
    return f"geheim{'abc'[(level or HIGHEST_LEVEL) - 1]}"


def forbidden(clearance: int) -> list[str]:
    return [secrecy(level) for level in range(clearance + 1, HIGHEST_LEVEL + 1)]


def documents() -> list[Document]:
    chance = random.Random(11)
    made = []
    for number in range(MANY):
        level = LEVELS[number % 4]
        topic = TOPICS[number // 4 % len(TOPICS)]
        kind = list(Kind)[number % 5]
        passages = [
            f"{secrecy(level)} {topic} must be approved {chance.randint(1, 30)} days ahead, item {part}."
            if topic.isascii()
            else f"{secrecy(level)} の職員は{topic}の承認を{chance.randint(1, 30)}日前までに受ける。"
            for part in range(2)
        ]
        described: dict[str, Any] = {
            "issuer": f"{chance.choice(ISSUERS)} {secrecy(level)}",
            "kind": kind,
            "title": f"{topic} {secrecy(level)}",
            "level": level,
        }
        made.append(document(f"d{number}-{secrecy(level)}", *passages, **described))
    # One document whose older revision is open and whose newer one is not, and the other way about.
    made.append(document("rise", "geheima travel was open.", uri="rise1.md", level=1, effective_from=date(2020, 4, 1)))
    made.append(document("rise", "geheimc travel is closed.", uri="rise2.md", level=3, effective_from=date(2024, 4, 1)))
    made.append(document("fall", "geheimc parking was closed.", uri="fall1.md", level=3, effective_from=date(2020, 4, 1)))
    made.append(document("fall", "geheima parking is open.", uri="fall2.md", level=1, effective_from=date(2024, 4, 1)))
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("access") / "home"
    library = library_at(home)
    publish(library, documents())
    library.close()
    return home


@pytest.fixture
def library(home: Path) -> Iterator[Library]:
    opened = library_at(home)
    yield opened
    opened.close()


def leaks(text: str, clearance: int) -> list[str]:
    return [word for word in forbidden(clearance) if word in text]


# ---------------------------------------------------------------- every way to text


@pytest.mark.parametrize("clearance", [1, 2, 3])
def test_each_clearance_finds_all_that_it_may_and_nothing_above(library: Library, clearance: int) -> None:
    allowed = {revision.document_id for revision in library.visible(clearance=clearance, as_of=TODAY, filters=Filters())}
    expected = {d.id for d in documents()[:MANY] if (d.source.level or 3) <= clearance} | {"fall"} | ({"rise"} if clearance == 3 else set())
    assert allowed == expected
    seen = {
        hit.chunk.document_id
        for topic in TOPICS
        for hit in search(library, f"{topic} approved 承認 open closed", clearance=clearance, as_of=TODAY, limit=500).hits
    }
    assert seen == expected


@pytest.mark.slow
def test_nothing_leaks_in_thousands_of_searches(library: Library) -> None:
    chance = random.Random(23)
    days = [TODAY, date(2022, 1, 1), date(2019, 1, 1), TODAY + timedelta(days=4_000)]
    issuers = library.issuers(clearance=3, as_of=TODAY)
    ids = sorted({revision.document_id for revision in library.published})
    hits = 0
    for trial in range(3_000):
        clearance, day = chance.randint(1, 3), chance.choice(days)
        filters = Filters(
            issuers=frozenset(chance.sample(issuers, chance.randint(0, 2))),
            kinds=frozenset(chance.sample(list(Kind), chance.choice([0, 0, 1, 3]))),
            documents=frozenset(chance.sample(ids, chance.choice([0, 0, 0, 20]))),
        )
        question = " ".join(chance.sample([*TOPICS, *forbidden(0), "approved", "承認", "ahead"], chance.randint(1, 4)))
        if trial % 3:
            result = search(library, question, clearance=clearance, as_of=day, limit=chance.choice([1, 20, 300]), filters=filters)
            hits += len(result.hits)
            assert not any(leaks(f"{hit.chunk}", clearance) for hit in result.hits), (question, clearance)
            assert all(hit.chunk.level <= clearance for hit in result.hits)
        else:
            answer = ask(library, question, clearance=clearance, as_of=day, filters=filters)
            told = json.dumps(answer_to_json(replace(answer, question="")), ensure_ascii=False)
            if answer.refusal:  # the words of the question come back: they are the reader's own
                assert not leaks(str(answer.refusal.nearest), clearance), (question, clearance)
            else:
                hits += len(answer.statements)
                assert not leaks(told, clearance), (question, clearance)
    assert hits > 5_000


def test_the_nearest_passages_of_a_refusal_do_not_leak(library: Library) -> None:
    shown = 0
    for clearance in (1, 2, 3):
        for topic in TOPICS:
            answer = ask(library, f"{topic} quantum chromodynamics neutrino 量子 加速器 観測 {topic}", clearance=clearance, as_of=TODAY)
            nearest = answer.refusal.nearest if answer.refusal else [c for s in answer.statements for c in s.citations]
            shown += len(nearest)
            assert not leaks(str([(c.quote, c.title, c.uri, c.document_id, c.path) for c in nearest]), clearance)
            assert not leaks(str(answer.hits), clearance)
    assert shown > 20


@pytest.mark.parametrize("clearance", [1, 2, 3])
def test_lists_of_issuers_and_kinds_name_nothing_above(library: Library, clearance: int) -> None:
    assert not leaks(str(library.issuers(clearance=clearance, as_of=TODAY)), clearance)
    visible = library.visible(clearance=clearance, as_of=TODAY, filters=Filters())
    assert set(library.kinds(clearance=clearance, as_of=TODAY)) == {revision.source.kind for revision in visible}


def test_a_document_is_opened_by_those_who_may_and_a_secret_one_looks_like_none(library: Library) -> None:
    for revision in library.published:
        needed = revision.source.level or HIGHEST_LEVEL
        for clearance in (1, 2, 3):
            for sha256 in (revision.sha256, revision.sha256[:6]):
                if needed <= clearance:
                    assert library.document(revision.document_id, sha256, clearance=clearance).revision == revision.sha256
                    continue
                with pytest.raises(UnknownDocument) as secret:
                    library.document(revision.document_id, sha256, clearance=clearance)
                with pytest.raises(UnknownDocument) as missing:
                    library.document("no-such-document", sha256, clearance=clearance)
                assert str(secret.value) == str(missing.value).replace("no-such-document", revision.document_id)
                assert secret.value.__cause__ is missing.value.__cause__ is None
    # Without a revision it is the newest that counts.
    with pytest.raises(UnknownDocument) as secret:
        library.document("rise", clearance=2)
    with pytest.raises(UnknownDocument) as missing:
        library.document("no-such-document", clearance=2)
    assert str(secret.value) == str(missing.value).replace("no-such-document", "rise")


@pytest.mark.parametrize("clearance", ["1", "2"])
def test_the_command_line_keeps_to_the_clearance(home: Path, monkeypatch: pytest.MonkeyPatch, clearance: str) -> None:
    monkeypatch.setenv("KONKYO_HOME", str(home))
    monkeypatch.setattr("rag.library.Embedder", lambda name, download: FakeEmbedder())
    monkeypatch.setattr("rag.library.StaticModel", NoModel)
    runner = CliRunner()
    secret = documents()[2].id  # level 3
    for argument, setting in ((clearance, "3"), ("3", clearance), (clearance, clearance)):
        # The option lowers what the setting allows, and never raises it.
        monkeypatch.setenv("KONKYO_CLEARANCE", setting)
        for question in ("travel approved", "旅費の承認", "geheimc"):
            shown = runner.invoke(cli.app, ["ask", question, "--clearance", argument, "--as-of", TODAY.isoformat()]).output
            assert not leaks(shown.replace(question, ""), int(clearance)), shown
            shown = runner.invoke(cli.app, ["ask", question, "--json", "--clearance", argument, "--as-of", TODAY.isoformat()]).output
            told = json.loads(shown)
            assert not leaks(json.dumps([told["statements"], told["hits"], (told["refusal"] or {}).get("nearest")]), int(clearance))
            narrowed = runner.invoke(cli.app, ["ask", question, "--clearance", argument, "--issuer", "Ministry geheimc"]).output
            assert not leaks(narrowed.replace(question, ""), int(clearance))
        result = runner.invoke(cli.app, ["text", secret, "--clearance", argument])
        missing = runner.invoke(cli.app, ["text", "no-such-document", "--clearance", argument])
        assert result.output == missing.output == ""
        assert str(result.exception).replace(secret, "") == str(missing.exception).replace("no-such-document", "")
    monkeypatch.setenv("KONKYO_CLEARANCE", clearance)
    listed = runner.invoke(cli.app, ["status", "--documents"]).output
    assert secrecy(1) in listed
    assert not leaks(listed, int(clearance))


# ---------------------------------------------------------------- each layer alone


def test_the_scope_lets_nothing_through_in_a_hundred_thousand_trials() -> None:
    chance = random.Random(5)
    for _ in range(100_000):
        clearance = chance.randint(-1, 5)
        allowed = frozenset(chance.sample(range(30), chance.randint(0, 8)))
        scope = Scope(clearance=clearance, revisions=allowed)
        assert set(scope.levels) == {level for level in (1, 2, 3) if level <= clearance}
        entries = [(number, chance.randrange(30), 1.0) for number in range(chance.randint(0, 12))]
        limit = chance.randint(1, 6)
        kept = fill(lambda wanted, entries=entries: entries[:wanted], scope, limit)  # type: ignore[misc]
        right = [number for number, revision, _ in entries if revision in allowed][:limit]
        assert [number for number, _ in kept] == right


def everything(library: Library, clearance: int) -> Scope:
    """A scope whose list of revisions lets all through: only the levels are left to protect."""
    return Scope(clearance=clearance, revisions=frozenset(revision.number for revision in library.published))


def only(library: Library, clearance: int) -> Scope:
    """A scope whose levels let all through: only the list of revisions is left to protect."""
    visible = library.visible(clearance=clearance, as_of=TODAY, filters=Filters())
    return Scope(clearance=HIGHEST_LEVEL, revisions=frozenset(revision.number for revision in visible))


@pytest.mark.parametrize("clearance", [1, 2])
@pytest.mark.parametrize("layer", [everything, only])
def test_each_index_keeps_to_each_half_of_the_scope(library: Library, clearance: int, layer: object) -> None:
    assert callable(layer)
    scope: Scope = layer(library, clearance)
    vector: Vectors = library.embedder.encode(["travel approved"])[0]
    for found in (
        library.keyword.search(understand("travel 旅費 approved 承認"), scope, 1_000),
        vectors(library).search(vector, scope, 1_000),
    ):
        assert found
        chunks = library.registry.chunks([number for number, _ in found])
        assert {chunk.level for chunk, _ in chunks.values()} == set(range(1, clearance + 1))
    every = [chunk.id for revision in library.published for chunk in library.registry.chunks_of(revision.number)]
    for inside in (library.keyword.revisions(every, scope), library.keyword.passages(every, scope)):
        chunks = library.registry.chunks(list(inside))
        assert {chunk.level for chunk, _ in chunks.values()} == set(range(1, clearance + 1)), "nor does it hand out anything else"


@pytest.mark.parametrize("clearance", [1, 2])
@pytest.mark.parametrize("layer", [everything, only])
def test_the_registry_decides_whatever_an_index_says(library: Library, clearance: int, layer: object) -> None:
    assert callable(layer)
    every = [chunk.id for revision in library.published for chunk in library.registry.chunks_of(revision.number)]
    chunks = library.chunks(every, layer(library, clearance))
    assert {chunk.level for chunk in chunks.values()} == set(range(1, clearance + 1))
    assert not leaks(str(chunks), clearance)


class Blind(Library):
    """A library in which one layer after the other can be taken away."""

    without: frozenset[str] = frozenset()

    def visible(self, *, clearance: int, as_of: date, filters: Filters) -> list[object]:  # type: ignore[override]
        return list(super().visible(clearance=3 if "visible" in self.without else clearance, as_of=as_of, filters=filters))

    def chunks(self, ids: Sequence[int], scope: Scope) -> dict[int, Chunk]:
        if "chunks" in self.without:
            return {number: chunk for number, (chunk, _) in self.registry.chunks(ids).items()}
        return super().chunks(ids, scope)


LAYERS = ["visible", "keyword", "vector", "chunks"]


@pytest.fixture
def blind(home: Path, library: Library) -> Iterator[Blind]:
    opened = Blind(library.settings)
    opened.embedder = FakeEmbedder()
    opened.japanese = NoModel()
    yield opened
    opened.close()


def leaked(library: Library) -> int:
    questions = ["travel approved", "旅費の承認", "parking badge", "geheimc"]
    return sum(bool(leaks(hit.chunk.text, 1)) for question in questions for hit in find(library, question, clearance=1))


def take_away(blind: Blind, patch: pytest.MonkeyPatch, layers: Sequence[str]) -> None:
    blind.without = frozenset(layers)
    open_ = Scope(clearance=3, revisions=frozenset(revision.number for revision in blind.published))
    for layer, kind, name in SCOPED:
        if layer in layers:
            patch.setattr(kind, name, _unscoped(getattr(kind, name), open_))


SCOPED: tuple[tuple[str, type, str], ...] = (
    ("keyword", KeywordIndex, "search"),
    ("keyword", KeywordIndex, "passages"),
    ("keyword", KeywordIndex, "revisions"),
    ("vector", VectorIndex, "search"),
)
"""Whatever takes a scope and looks into an index."""


def _unscoped(method: Callable[..., object], open_: Scope) -> Callable[..., object]:
    def blind(self: object, asked: object, scope: Scope, *more: object, **named: object) -> object:
        del scope
        return method(self, asked, open_, *more, **named)

    return blind


@pytest.mark.parametrize("layer", LAYERS)
def test_without_any_one_layer_nothing_leaks(blind: Blind, monkeypatch: pytest.MonkeyPatch, layer: str) -> None:
    take_away(blind, monkeypatch, [layer])
    assert leaked(blind) == 0


def test_without_all_layers_the_trials_do_see_a_leak(blind: Blind, monkeypatch: pytest.MonkeyPatch) -> None:
    # So the tests above can fail.
    take_away(blind, monkeypatch, LAYERS)
    assert leaked(blind) > 20


@pytest.mark.parametrize("left", ["keyword", "vector", "chunks"])
def test_each_layer_alone_holds_for_what_it_guards(blind: Blind, monkeypatch: pytest.MonkeyPatch, left: str) -> None:
    # The scope is right, and of what must keep to it only one is left. An index guards its own list, the registry both.
    take_away(blind, monkeypatch, [layer for layer in LAYERS if layer not in (left, "visible")])
    hits = [hit for question in ("travel approved", "旅費の承認") for hit in find(blind, question, clearance=1)]
    guarded = [hit for hit in hits if left == "chunks" or set(hit.found_by) == {left}]
    assert guarded
    assert not any(leaks(hit.chunk.text, 1) for hit in guarded)


def no_levels(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Scope, "levels", property(lambda self: (1, 2, 3)))


def no_revisions(patch: pytest.MonkeyPatch) -> None:
    def all_of(fetch: Callable[[int], Sequence[tuple[int, int, float]]], scope: Scope, limit: int) -> list[tuple[int, float]]:
        return [(chunk, score) for chunk, _, score in fetch(limit)]

    patch.setattr("rag.index.keyword.fill", all_of)
    patch.setattr("rag.index.vector.fill", all_of)
    patch.setattr(Scope, "narrow", property(lambda self: False))


def no_registry(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Library, "chunks", lambda self, ids, scope: {n: chunk for n, (chunk, _) in self.registry.chunks(ids).items()})


def no_visible(patch: pytest.MonkeyPatch) -> None:
    visible = Library.visible
    patch.setattr(Library, "visible", lambda self, *, clearance, as_of, filters: visible(self, clearance=3, as_of=as_of, filters=filters))


def no_document(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Library, "_level", lambda self, document_id, sha256, own: 1)


@pytest.mark.parametrize(
    ("take", "own_test"),
    [
        (no_levels, lambda library: test_each_index_keeps_to_each_half_of_the_scope(library, 1, everything)),
        (no_revisions, lambda library: test_each_index_keeps_to_each_half_of_the_scope(library, 1, only)),
        (no_registry, lambda library: test_the_registry_decides_whatever_an_index_says(library, 1, everything)),
        (no_registry, lambda library: test_the_registry_decides_whatever_an_index_says(library, 1, only)),
        (no_visible, lambda library: test_each_clearance_finds_all_that_it_may_and_nothing_above(library, 1)),
        (no_visible, lambda library: test_lists_of_issuers_and_kinds_name_nothing_above(library, 1)),
        (no_document, lambda library: test_a_document_is_opened_by_those_who_may_and_a_secret_one_looks_like_none(library)),
    ],
)
def test_a_layer_that_is_taken_away_fails_its_own_test(
    library: Library, monkeypatch: pytest.MonkeyPatch, take: Callable[[pytest.MonkeyPatch], None], own_test: Callable[[Library], None]
) -> None:
    own_test(library)
    take(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        own_test(library)


# ---------------------------------------------------------------- the highest level where there is none


def test_a_chunk_without_a_level_counts_as_the_highest(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home")
    publish(library, [document("unknown", "Travel is booked by the office.", level=None), document("open", "Travel is free.", level=1)])
    (revision,) = (r for r in library.published if r.document_id == "unknown")
    assert revision.source.level is None
    assert [chunk.level for chunk in library.registry.chunks_of(revision.number)] == [HIGHEST_LEVEL]
    for clearance in (1, 2):
        assert {hit.chunk.document_id for hit in find(library, "travel", clearance=clearance)} == {"open"}
        with pytest.raises(UnknownDocument):
            library.document("unknown", clearance=clearance)
    assert {hit.chunk.document_id for hit in find(library, "travel")} == {"open", "unknown"}


@pytest.mark.parametrize("clearance", [0, -1])
def test_a_clearance_below_the_lowest_sees_nothing(library: Library, clearance: int) -> None:
    assert find(library, "travel approved", clearance=clearance) == ()
    assert ask(library, "travel approved", clearance=clearance, as_of=TODAY).refusal is not None
