"""Two revisions side by side: what was added, removed, changed and renumbered; on real laws, what their XML says."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from pathlib import Path

import pytest
from lxml import etree

from rag.desk.diff import Change, Kind, changed, compare
from rag.read import read
from rag.records import Block, BlockKind, Document, Source, Span
from tests.small import document

FEES = "手数料は、申請の際に納めなければならない。"
WAIVER = "長官は、特別の理由があるときは、手数料を減額することができる。"
REPORT = "申請をした者は、三十日以内にその結果を報告しなければならない。"


def law(*articles: str, chapter: str = "第一章 総則") -> Document:
    """A law whose articles are these, numbered from 1."""
    text, blocks = "", []
    for n, words in enumerate(articles, start=1):
        head = f"第{'一二三四五六七八九'[n - 1]}条"
        path = (chapter, head)
        blocks.append(Block(kind=BlockKind.ARTICLE, span=Span(start=len(text), end=len(text) + len(head)), path=path))
        text += head + "　"
        blocks.append(Block(kind=BlockKind.PARAGRAPH, span=Span(start=len(text), end=len(text) + len(words)), path=(*path, "第一項")))
        text += words + "\n"
    made = document("law", "x")
    return Document(id="law", revision=str(len(text)), source=made.source, text=text, blocks=tuple(blocks))


def told(changes: list[Change]) -> list[tuple[str, str, str]]:
    return [(c.kind.value, "".join(c.old_path[-1:]), "".join(c.new_path[-1:])) for c in changed(changes)]


def marked(lines: tuple[tuple[object, ...], ...]) -> list[str]:
    return [piece.text for line in lines for piece in line if piece.marked]  # type: ignore[attr-defined]


def test_the_same_text_has_no_changes() -> None:
    assert told(compare(law(FEES, WAIVER), law(FEES, WAIVER, chapter="第二章 手数料"))) == []


def test_changed_words_are_marked_and_no_others() -> None:
    (change,) = changed(compare(law(FEES, REPORT), law(FEES, REPORT.replace("三十日", "六十日"))))
    assert (change.kind, change.new_path[-1]) == (Kind.CHANGED, "第二条")
    assert (marked(change.old), marked(change.new)) == (["三十日以内"], ["六十日以内"]) or (marked(change.old), marked(change.new)) == (
        ["三十日"],
        ["六十日"],
    )


def test_an_inserted_article_renumbers_those_behind_it() -> None:
    changes = compare(law(FEES, REPORT), law(FEES, WAIVER, REPORT))
    assert told(changes) == [("added", "", "第二条"), ("renumbered", "第二条", "第三条")]
    assert not changed(changes)[1].words_changed


def test_a_renumbered_article_that_changed_is_still_the_same_one() -> None:
    changes = compare(law(FEES, REPORT), law(FEES, WAIVER, REPORT.replace("報告", "通知")))
    assert told(changes) == [("added", "", "第二条"), ("renumbered", "第二条", "第三条")]
    assert changed(changes)[1].words_changed


def test_a_removed_article_stands_where_it_was() -> None:
    assert told(compare(law(FEES, WAIVER, REPORT), law(FEES, REPORT))) == [("removed", "第二条", ""), ("renumbered", "第三条", "第二条")]


def test_an_article_written_anew_keeps_its_number() -> None:
    assert told(compare(law(FEES, WAIVER), law(FEES, "この法律は、公布の日から施行する。"))) == [("changed", "第二条", "第二条")]


def test_both_sides_are_the_documents_words() -> None:
    old, new = law(FEES, REPORT), law(FEES, WAIVER, REPORT.replace("三十日", "六十日"))
    for change in changed(compare(old, new)):
        for side, whole in ((change.old, old), (change.new, new)):
            for line in side:
                assert "".join(piece.text for piece in line) in whole.text


# ------------------------------------------------------------ real laws


def from_xml(file: Path) -> dict[tuple[str, str], str]:
    """(amending law, number) -> words of every article of the main provisions, straight from the XML."""
    root = etree.parse(file).getroot()
    found: dict[tuple[str, str], str] = {}
    for article in root.iterfind(".//MainProvision//Article"):
        for reading in article.iter("Rt"):
            reading.text = ""
        # １０ where it was 10 is another way to print the same words.
        words = re.sub(r"\s", "", unicodedata.normalize("NFKC", "".join(map(str, article.itertext()))))
        found["", str(article.get("Num"))] = words
    return found


def from_documents(old: Document, new: Document) -> tuple[set[str], set[str]]:
    changes = [c for c in changed(compare(old, new)) if not (c.new_path or c.old_path)[0].startswith(("附則", "別表", "別記", "様式"))]
    return (
        {"".join(c.old_path[-1:]) for c in changes if c.old_path and c.old_path[-1].endswith("条") or "条の" in "".join(c.old_path[-1:])},
        {"".join(c.new_path[-1:]) for c in changes if c.new_path and c.new_path[-1].endswith("条") or "条の" in "".join(c.new_path[-1:])},
    )


def title(file: Path, number: str) -> str:
    found = etree.parse(file).getroot().find(f".//MainProvision//Article[@Num='{number}']/ArticleTitle")
    assert found is not None
    return "".join(map(str, found.itertext()))


LAWS = """330AC1000000186 334AC0000000121 334AC0000000123 334AC0000000125 346CO0000000264 359AC0000000086
405AC0000000047 417AC0000000048 505AC0000000032""".split()


@pytest.mark.parametrize("law_id", LAWS)
def test_the_changed_articles_of_a_real_law_are_those_of_its_xml(shared: Path, law_id: str) -> None:
    files = sorted((shared / "corpora" / "egov_xml" / "laws_doc" / "data" / law_id).rglob("*.xml"))
    assert len(files) > 1
    told = 0
    for one, other in list(pairwise(files))[-2:]:
        before, after = from_xml(one), from_xml(other)
        gone = {title(one, key[1]) for key in before if before[key] != after.get(key)}
        come = {title(other, key[1]) for key in after if after[key] != before.get(key)}
        read_old, read_new = (read(file.read_bytes(), source=Source(uri=file.name), document_id=law_id) for file in (one, other))
        old, new = from_documents(read_old, read_new)
        assert (old, new) == (gone, come), f"{one.name} -> {other.name}"
        told += len(gone | come)
    assert told, "two revisions differ"
