"""The graph of references: made from what is published, up to date when documents come and go, and kept to what a reader may see."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rag import graph
from rag.graph import Edge, EdgeKind, Reference
from rag.index.scope import Scope
from rag.ingest import Ingester, rebuild
from rag.library import Library
from rag.link import link
from rag.names import Names
from rag.provisions import Provisions
from rag.records import Block, BlockKind, Document, Filters, Kind, Source, Span
from rag.registry import Revision
from rag.statute import parse

from .conftest import TODAY
from .small import library_at, publish, sha256

NOBODY = Names.of({})


def law(id: str, title: str, *articles: str, **source: object) -> Document:
    """A document of articles with one paragraph each: "第三条 職員は…"."""
    text, blocks = "", []
    for article in articles:
        name, _, words = article.partition(" ")
        for kind, path, written in ((BlockKind.ARTICLE, (name,), name), (BlockKind.PARAGRAPH, (name, "第一項"), words)):
            blocks.append(Block(kind=kind, span=Span(start=len(text), end=len(text) + len(written)), path=path))
            text += written + "\n"
    described = Source(**{"uri": f"{id}-{source.get('effective_from', '')}", "title": title, "level": 1, **source})  # type: ignore[arg-type]
    return Document(id=id, revision=sha256(text + str(described)), source=described, text=text, blocks=tuple(blocks))


ACT = law(
    "act",
    "窓口サービス法",
    "第一条 この法律は、窓口のことを定める。",
    "第二条 手数料は、政令で定める額とする。",
    "第三条 前条の手数料は、別に定めるところにより免除する。",
    kind=Kind.ACT,
)
ORDER = law("order", "窓口サービス法施行令", "第一条 法第二条の政令で定める額は、三百円とする。", kind=Kind.ORDER)
CIRCULAR = law(
    "circular",
    "手数料の免除について",
    "第一条 窓口サービス法第三条の免除は、困っている人にする。別記要綱第四条を見る。",
    kind=Kind.CIRCULAR,
)


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


def add(library: Library, *documents: Document) -> None:
    publish(library, documents)
    with Ingester(library, clearance=3) as ingester:
        ingester.link()


def scope(library: Library, clearance: int = 3, as_of: date = TODAY) -> Scope:
    visible = library.visible(clearance=clearance, as_of=as_of, filters=Filters())
    return Scope(clearance=clearance, revisions=frozenset(revision.number for revision in visible))


def names_of(library: Library, numbers: Sequence[int]) -> dict[int, str]:
    """Chunk -> "act 第二条"."""
    return {
        id: f"{chunk.document_id} {chunk.path[0] if chunk.path else ''}".strip()
        for id, (chunk, _) in library.registry.chunks(numbers).items()
    }


def every(library: Library) -> list[int]:
    return [chunk.id for revision in library.published for chunk in library.registry.chunks_of(revision.number)]


def seen(library: Library, within: Scope) -> set[tuple[str, str, EdgeKind]]:
    """All edges of a scope, in words."""
    found = graph.edges(library, every(library), within)
    named = names_of(library, [end for edge in found for end in (edge.source, edge.target)])
    return {(named[edge.source], named[edge.target], edge.kind) for edge in found}


def shown(library: Library, id: str, article: str, clearance: int = 3, as_of: date = TODAY) -> tuple[list[Reference], list[Reference]]:
    """What stands beside an article: outgoing, incoming."""
    within = scope(library, clearance, as_of)
    (revision,) = (r for r in library.published if r.document_id == id and r.number in within.revisions)
    document = library.document(id, revision.sha256, clearance=clearance)
    (mention,) = parse(article, NOBODY)
    provision = Provisions.of(document).find(mention.address)
    assert provision is not None
    return (
        graph.outgoing(library, document, revision.number, provision.span, within),
        graph.incoming(library, revision.number, provision.span, within),
    )


def brief(references: Sequence[Reference]) -> list[tuple[str, str, str]]:
    return [(one.kind, one.title, one.place or one.words) for one in references]


# ---------------------------------------------------------------- edges


def test_edges_say_what_one_passage_has_to_do_with_another(library: Library) -> None:
    add(library, ACT, ORDER, CIRCULAR)
    assert seen(library, scope(library)) == {
        ("act 第三条", "act 第二条", "refers"),
        ("act 第二条", "order 第一条", "delegates"),
        ("circular 第一条", "act 第三条", "explains"),
    }


def test_among_keeps_to_edges_with_both_ends_asked_for(library: Library) -> None:
    add(library, ACT, ORDER, CIRCULAR)
    within = scope(library)
    named = {name: id for id, name in names_of(library, every(library)).items()}
    two = [named["act 第三条"], named["circular 第一条"]]
    assert graph.edges(library, two, within, among=True) == [Edge(source=two[1], target=two[0], kind="explains")]
    assert len(graph.edges(library, two, within)) == 2
    assert graph.edges(library, [], within) == graph.edges(library, [10**9], within) == []


def test_references_beside_a_source(library: Library) -> None:
    add(library, ACT, ORDER, CIRCULAR)
    outgoing, incoming = shown(library, "act", "第三条")
    assert brief(outgoing) == [("refers", "", "第二条")]
    assert brief(incoming) == [("explains", "手数料の免除について", "第一条第一項")]
    outgoing, incoming = shown(library, "act", "第二条")
    assert brief(outgoing) == []
    assert brief(incoming) == [("refers", "", "第三条第一項"), ("delegates", "窓口サービス法施行令", "第一条第一項")]
    outgoing, _ = shown(library, "circular", "第一条")
    assert brief(outgoing) == [("explains", "窓口サービス法", "第三条"), ("refers", "", "別記要綱第四条")]
    assert outgoing[1].revision is None, "the library does not hold it"


@pytest.mark.parametrize(("path", "place"), [(("別表第三", "備考", "5."), "別表第三備考5"), (("別表", "備考", "第一号"), "別表備考第一号")])
def test_a_note_of_a_table_is_called_as_it_is_numbered_and_not_a_paragraph(library: Library, path: tuple[str, ...], place: str) -> None:
    table = law("amounts", "旅費の額", "第一条 窓口サービス法第三条の免除は、旅費にも及ぶ。")
    add(library, ACT, replace(table, blocks=(replace(table.blocks[1], path=path),)))
    _, incoming = shown(library, "act", "第三条")
    assert [one.place for one in incoming] == [place]


# ---------------------------------------------------------------- coming and going


def test_a_reference_leads_somewhere_from_the_day_on_which_its_target_comes(library: Library) -> None:
    add(library, ORDER, CIRCULAR)
    assert seen(library, scope(library)) == set()
    counts = library.registry.references.counts([r.number for r in library.published])
    assert (counts.resolved, dict(counts.missing)) == (
        0,
        {("窓口サービス法", "第二条"): 1, ("窓口サービス法", "第三条"): 1, ("別記要綱", "第四条"): 1},
    )
    add(library, ACT)
    assert ("circular 第一条", "act 第三条", "explains") in seen(library, scope(library))
    assert ("act 第二条", "order 第一条", "delegates") in seen(library, scope(library))
    assert library.registry.references.counts([r.number for r in library.published]).resolved == 3


def test_a_document_that_is_named_without_an_address_is_noticed_when_it_comes(library: Library) -> None:
    note = law("note", "お知らせ", "第一条 くわしくは、窓口の手引を見る。")
    add(library, note)
    assert library.registry.references.counts([r.number for r in library.published]).references == 0
    add(library, law("guide", "窓口の手引", "第一条 待つ。"))
    outgoing, _ = shown(library, "note", "第一条")
    assert [(one.title, one.place) for one in outgoing] == [("窓口の手引", "")]


def test_what_takes_the_place_of_a_document_takes_its_references(library: Library) -> None:
    add(library, ACT, CIRCULAR)
    shorter = law("act", "窓口サービス法", "第一条 この法律は、窓口のことを定める。", kind=Kind.ACT)
    add(library, shorter)
    assert seen(library, scope(library)) == set()
    numbers = [r.number for r in library.published]
    assert dict(library.registry.references.counts(numbers).missing) == {("窓口サービス法", "第三条"): 1, ("別記要綱", "第四条"): 1}
    assert library.registry.references.linked() == set(numbers)


def test_linking_again_changes_nothing_and_rebuild_makes_the_same(library: Library) -> None:
    add(library, ACT, ORDER, CIRCULAR)
    before, generation = seen(library, scope(library)), library.registry.generation
    assert link(library).revisions == 0
    assert library.registry.generation == generation, "nothing changed: nobody has to look again"
    rebuild(library)
    assert seen(library, scope(library)) == before


def test_a_run_that_was_killed_between_publishing_and_linking_is_finished_by_the_next(library: Library) -> None:
    publish(library, [ACT, ORDER, CIRCULAR])  # published, and killed before it linked
    assert seen(library, scope(library)) == set()
    assert link(library).revisions == 3
    assert len(seen(library, scope(library))) == 3


def test_a_run_that_is_stopped_half_way_loses_nothing(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.link._STORE_AT_ONCE", 1)
    publish(library, [ACT, ORDER, CIRCULAR])
    store = type(library.registry.references)
    replace, calls = store.replace, []

    def stop_at_the_second(self: object, *arguments: object, **named: object) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        replace(self, *arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(store, "replace", stop_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            link(library)
    assert len(library.registry.references.linked()) == 1
    link(library)
    assert len(seen(library, scope(library))) == 3


# ---------------------------------------------------------------- days


def test_a_reference_leads_to_the_revision_in_force_on_the_day(library: Library) -> None:
    old = law("act", "窓口サービス法", "第三条 免除は、しない。", effective_from=date(2020, 4, 1), effective_to=date(2025, 3, 31))
    new = law("act", "窓口サービス法", "第三条 免除は、する。", effective_from=date(2025, 4, 1))
    add(library, old, new, CIRCULAR)
    for day, words in ((date(2022, 1, 1), "しない"), (TODAY, "する")):
        outgoing, _ = shown(library, "circular", "第一条", as_of=day)
        assert outgoing[0].revision is not None
        document = library.document("act", outgoing[0].revision.sha256, clearance=3)
        assert words in outgoing[0].span.cut(document.text)
        assert len(seen(library, scope(library, as_of=day))) == 1
    outgoing, _ = shown(library, "circular", "第一条", as_of=date(2019, 1, 1))
    assert brief(outgoing)[0] == ("refers", "", "窓口サービス法第三条"), "nothing is in force yet: words, no link"


def test_of_two_documents_with_one_title_the_one_in_force_is_meant(library: Library) -> None:
    old = law("fees-2023", "免除要綱", "第四条 旧い。", effective_to=date(2025, 6, 30))
    new = law("fees-2025", "免除要綱", "第四条 新しい。", effective_from=date(2025, 7, 1), replaces="fees-2023")
    add(library, law("note", "お知らせ", "第一条 免除要綱第四条を見る。"), old, new)
    for day, id in ((date(2024, 1, 1), "fees-2023"), (TODAY, "fees-2025")):
        assert seen(library, scope(library, as_of=day)) == {("note 第一条", f"{id} 第四条", "refers")}


# ---------------------------------------------------------------- who may see it


@pytest.fixture
def secret(library: Library) -> Library:
    """A level 1 document that names one of level 3, and one of level 3 that names it."""
    add(
        library,
        law("open", "公開規程", "第一条 秘密規程第二条及び夜間の手引による。", "第二条 ひらく。"),
        law("closed", "秘密規程", "第二条 公開規程第二条のとおり、geheimc とする。", level=3),
        law("guide", "夜間の手引", "第一条 geheimc。", level=3),
    )
    return library


def test_what_a_reader_may_not_see_has_no_link_and_no_name(secret: Library) -> None:
    assert seen(secret, scope(secret)) == {("open 第一条", "closed 第二条", "refers"), ("closed 第二条", "open 第二条", "refers")}
    for clearance in (1, 2):
        assert seen(secret, scope(secret, clearance)) == set()
        outgoing, _ = shown(secret, "open", "第一条", clearance)
        assert brief(outgoing) == [("refers", "", "秘密規程第二条")], "the words of the text itself, as of any law that is not here"
        _, incoming = shown(secret, "open", "第二条", clearance)
        assert incoming == []
    outgoing, _ = shown(secret, "open", "第一条", 3)
    assert brief(outgoing) == [("refers", "秘密規程", "第二条"), ("refers", "夜間の手引", "夜間の手引")]


def test_a_scope_whose_levels_or_revisions_let_all_through_still_holds(secret: Library) -> None:
    levels = Scope(clearance=1, revisions=scope(secret).revisions)
    revisions = Scope(clearance=3, revisions=scope(secret, 1).revisions)
    assert graph.edges(secret, every(secret), levels) == graph.edges(secret, every(secret), revisions) == []


def test_no_edge_leads_out_of_the_scope_in_thousands_of_trials(tmp_path: Path) -> None:
    library = library_at(tmp_path / "many")
    chance = random.Random(7)
    documents = []
    for number in range(40):
        words = "、".join(f"規程{chance.randrange(40)}号要綱第{'一二三'[chance.randrange(3)]}条" for _ in range(4))
        begins = TODAY + timedelta(days=chance.choice([-900, -10, 10]))
        documents.append(
            law(
                f"d{number}",
                f"規程{number}号要綱",
                f"第一条 {words}による。",
                "第二条 前条。",
                "第三条 第一条。",
                level=chance.randint(1, 3),
                effective_from=begins,
            )
        )
    add(library, *documents)
    ids, revisions = every(library), {r.number: r for r in library.published}
    of = {id: revision for id, (_, revision) in library.registry.chunks(ids).items()}
    found = 0
    for _ in range(500):
        clearance, day = chance.randint(0, 3), TODAY + timedelta(days=chance.choice([-1_000, -100, 0, 100]))
        within = scope(library, clearance, day)
        for edge in graph.edges(library, chance.sample(ids, 10), within):
            found += 1
            for end in (edge.source, edge.target):
                revision: Revision = revisions[of[end]]
                assert revision.number in within.revisions
                assert (revision.source.level or 3) <= clearance
    assert found > 1_000
    library.close()


# ---------------------------------------------------------------- pages of one work


def page(number: str, title: str, words: str) -> Document:
    text = words + "\n"
    block = Block(kind=BlockKind.TEXT, span=Span(start=0, end=len(words)))
    return Document(
        id=f"page:{number}", revision=sha256(title + words), source=Source(uri=title, title=title, level=1), text=text, blocks=(block,)
    )


def test_pages_that_hold_one_article_each_are_one_law(library: Library) -> None:
    add(
        library,
        page("9", "所得税法 第九条（非課税所得）", "次に掲げる所得については、所得税を課さない。"),
        page("10", "所得税法 第十条（少額預金）", "前条に規定するもののほか、政令で定めるものとする。"),
        page("s30", "所得税法施行令 第三十条（範囲）", "法第十条に規定する政令で定めるものは、次のとおりとする。"),
        page("t9-1", "所得税基本通達 9-1 学資金", "法第九条第一項第十五号の学資金とは、学ぶためのものをいう。"),
        page("t9-2", "所得税基本通達 9-2 旅費", "令第30条を見る。"),
    )
    within = scope(library)
    found = graph.edges(library, every(library), within)
    of = {chunk.id: chunk.document_id for revision in library.published for chunk in library.registry.chunks_of(revision.number)}
    assert {(of[edge.source], of[edge.target], edge.kind) for edge in found} == {
        ("page:10", "page:9", "refers"),
        ("page:10", "page:s30", "delegates"),
        ("page:t9-1", "page:9", "explains"),
        ("page:t9-2", "page:s30", "explains"),
    }


# ---------------------------------------------------------------- the sample library


def test_the_sample_library_is_linked_when_it_is_made(sample: Library) -> None:
    numbers = [revision.number for revision in sample.published]
    counts = sample.registry.references.counts(numbers)
    assert counts.revisions == len(numbers)
    assert counts.resolved / counts.references > 0.95
    assert ("個人情報の保護に関する法律", "") in counts.missing, "a law that is not in the library is listed"
    kinds = {edge.kind for edge in graph.edges(sample, every(sample), scope(sample))}
    assert kinds == {"refers", "applies", "delegates", "explains"}


def test_a_search_can_afford_the_edges_of_its_candidates(sample: Library) -> None:
    ids, within = every(sample)[:200], scope(sample)
    times = []
    for _ in range(15):
        began = time.process_time()
        graph.edges(sample, ids, within)
        times.append(time.process_time() - began)
    assert statistics.median(times) < 0.006, "usually 0.0015; a search has 0.04 in all"
