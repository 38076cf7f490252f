"""The law of chunks: a chunk is the document's own characters, and what may be quoted is in one, once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.chunk import LONGEST, PREAMBLE, chunk, split_prose
from rag.records import HIGHEST_LEVEL, QUOTABLE, Block, BlockKind, Chunk, Document, Path, Source, Span

Row = tuple[BlockKind, Path, str]


def build(rows: list[Row], gap: str = "\n", level: int | None = 1) -> Document:
    """A document of these blocks, with ``gap`` between them."""
    text, blocks = "", []
    for number, (kind, path, body) in enumerate(rows):
        text += gap if text else ""
        blocks.append(Block(kind=kind, span=Span(start=len(text), end=len(text) + len(body)), path=path, page=number // 3 + 1))
        text += body
    return Document(id="d", revision="r", source=Source(uri="d.txt", title="旅費規程", level=level), text=text, blocks=tuple(blocks))


def article(number: str, *paragraphs: str, caption: str = "") -> list[Row]:
    """An article as the readers give it: caption, number, paragraphs."""
    path = ("第一章 総則", number)
    rows: list[Row] = [(BlockKind.CAPTION, path, caption)] if caption else []
    rows.append((BlockKind.ARTICLE, path, number))
    return rows + [(BlockKind.PARAGRAPH, (*path, f"第{at}項"), body) for at, body in enumerate(paragraphs, start=1)]


def quotable(document: Document) -> list[Block]:
    return [block for block in document.blocks if block.kind in QUOTABLE]


def inside(block: Block, piece: Chunk) -> bool:
    return block.span.start < piece.span.end and piece.span.start < block.span.end


# ---------------------------------------------------------------- the law, over documents of every shape

FRAGMENTS = [
    "旅費を請求する。",
    "、",
    "，,",
    ";",
    " ",
    "\u3000",
    "\n",
    "\n\n",
    "The fee is due. ",
    "x",
    "「括弧",
    "。",
    "3. ",
    "支給する" * 30,
    "a" * 400,
]
# A body starts and ends with something visible, as every block does.
BODY = st.builds(
    lambda parts, times: f"始{''.join(parts) * times}終",
    st.lists(st.sampled_from(FRAGMENTS), max_size=12),
    st.sampled_from([1, 1, 1, 3, 40, 200]),
).map(lambda body: body[:4_000].strip())
PATH = st.lists(st.sampled_from(["第一章", "第二章", "第一条", "第二条", "第一項"]), max_size=3).map(tuple)
DOCUMENT = st.builds(
    build, st.lists(st.tuples(st.sampled_from(list(BlockKind)), PATH, BODY), max_size=12), st.sampled_from(["\n", "", "\n\n", "　（１）"])
)


@given(DOCUMENT)
def test_the_law(document: Document) -> None:
    chunks = chunk(document)
    for at, piece in enumerate(chunks):
        assert piece.span.cut(document.text) == piece.text
        assert piece.text == piece.text.strip() != ""
        assert len(piece.text) <= LONGEST
        assert piece.ordinal == at
        held = [block for block in document.blocks if inside(block, piece)]
        assert any(block.kind in QUOTABLE for block in held), "nothing to quote in this chunk"
        assert piece.pages == tuple(sorted({block.page for block in held}))  # type: ignore[type-var]
    assert all(a.span.end <= b.span.start for a, b in zip(chunks, chunks[1:], strict=False))
    for block in quotable(document):
        holding = [piece for piece in chunks if inside(block, piece)]
        if len(block.span.cut(document.text)) <= LONGEST:
            assert [piece.span.holds(block.span) for piece in holding] == [True], "in one chunk, whole"
        covered = {at for piece in holding for at in range(piece.span.start, piece.span.end)}
        missing = [at for at in range(block.span.start, block.span.end) if at not in covered and not document.text[at].isspace()]
        assert missing == [], "visible characters that no chunk has"


@given(DOCUMENT)
def test_a_chunk_stands_where_its_text_stands(document: Document) -> None:
    for piece in chunk(document):
        paths = [block.path for block in quotable(document) if inside(block, piece)]
        assert any(path[: len(piece.path)] == piece.path for path in paths), (piece.path, paths)


@given(BODY, st.integers(0, 3), st.integers(0, 3))
def test_prose_is_split_without_a_loss(body: str, before: int, after: int) -> None:
    text = " " * before + body + "\n" * after
    parts = split_prose(text, Span(start=0, end=len(text)))
    assert all(a.end <= b.start for a, b in zip(parts, parts[1:], strict=False))
    assert all(0 < part.end - part.start <= LONGEST for part in parts)
    assert "".join("".join(part.cut(text).split()) for part in parts) == "".join(text.split())


@pytest.mark.parametrize("line", ["あ、、い", ",,,,x", "、", "，；", "a;;b,,c"])
def test_two_commas_that_meet_do_not_stop_the_split(line: str) -> None:
    # A row of a spreadsheet has empty cells; LlamaIndex's own pattern loses the second comma.
    text = line * 1_000
    assert "".join(part.cut(text) for part in split_prose(text, Span(start=0, end=len(text)))) == text


def test_prose_is_split_between_sentences() -> None:
    sentence = "職員は出張を終えたときは速やかに旅費を請求する。"
    document = build([(BlockKind.TEXT, (), sentence * 120)])
    chunks = chunk(document)
    assert len(chunks) == -(-len(sentence) * 120 // (LONGEST // len(sentence) * len(sentence)))
    assert all(len(piece.text) % len(sentence) == 0 for piece in chunks)


# ---------------------------------------------------------------- articles


def test_an_article_is_a_chunk() -> None:
    document = build(
        [*article("第一条", "この規程は旅費を定める。", caption="（目的）"), *article("第二条", "旅費は実費とする。", "端数は切り捨てる。")]
    )
    first, second = chunk(document)
    assert first.text == "（目的）\n第一条\nこの規程は旅費を定める。"
    assert second.text == "第二条\n旅費は実費とする。\n端数は切り捨てる。"
    assert (first.path, second.path) == (("第一章 総則", "第一条"), ("第一章 総則", "第二条"))


def test_a_long_article_splits_between_its_paragraphs() -> None:
    paragraphs = ["あ" * 500 + "。", "い" * 500 + "。", "う" * 500 + "。"]
    chunks = chunk(build(article("第一条", *paragraphs)))
    assert [piece.text for piece in chunks] == [f"第一条\n{paragraphs[0]}\n{paragraphs[1]}", paragraphs[2]]
    assert {piece.path for piece in chunks} == {("第一章 総則", "第一条")}


def test_a_very_long_paragraph_splits_between_its_sentences() -> None:
    chunks = chunk(build(article("第一条", "あ" * 799 + "。" + "い" * 799 + "。", "短い。")))
    assert [piece.text for piece in chunks] == ["あ" * 799 + "。", "い" * 799 + "。", "短い。"]


def test_a_paragraph_of_full_length_is_not_torn_for_the_number_in_front_of_it() -> None:
    whole = "い" * (LONGEST - 601) + "。" + "あ" * 599 + "。"
    assert len(whole) == LONGEST
    (piece,) = chunk(build(article("第一条", whole)))
    assert piece.text == whole
    assert "第一条" in piece.context


def test_a_deleted_article_is_no_chunk() -> None:
    (piece,) = chunk(build([*article("第一条"), *article("第二条", "旅費は実費とする。")]))
    assert piece.path[-1] == "第二条"


# ---------------------------------------------------------------- preamble


def test_a_short_preamble_joins_the_first_article() -> None:
    document = build([(BlockKind.TEXT, (), "職員の旅費についてここに定める。"), *article("第一条", "旅費は実費とする。")])
    (piece,) = chunk(document)
    assert piece.text == "職員の旅費についてここに定める。\n第一条\n旅費は実費とする。"
    assert piece.path == ("第一章 総則", "第一条")


def test_a_long_preamble_stands_alone() -> None:
    first, second = chunk(build([(BlockKind.TEXT, (), "あ" * PREAMBLE), *article("第一条", "旅費は実費とする。")]))
    assert (first.path, second.path) == ((), ("第一章 総則", "第一条"))


def test_a_preamble_that_finds_no_room_is_not_called_the_first_article() -> None:
    first, second = chunk(build([(BlockKind.TEXT, (), "あ" * 150), *article("第一条", "い" * 1_150)]))
    assert first.text == "あ" * 150
    assert first.path == ()
    assert "第一条" not in first.context
    assert (second.path, second.text) == (("第一章 総則", "第一条"), "第一条\n" + "い" * 1_150)


# ---------------------------------------------------------------- headings and context


def test_prose_splits_at_its_headings_which_become_context() -> None:
    rows: list[Row] = [
        (BlockKind.TITLE, (), "旅費の手引"),
        (BlockKind.HEADING, ("1 請求",), "1 請求"),
        (BlockKind.TEXT, ("1 請求",), "翌月に請求する。"),
        (BlockKind.TEXT, ("1 請求",), "領収書を添える。"),
        (BlockKind.HEADING, ("2 支払",), "2 支払"),
        (BlockKind.TEXT, ("2 支払",), "口座に振り込む。"),
        (BlockKind.HEADING, ("3 空の節",), "3 空の節"),
    ]
    first, second = chunk(build(rows))
    assert (first.text, second.text) == ("翌月に請求する。\n領収書を添える。", "口座に振り込む。")
    assert (first.context, second.context) == ("旅費規程\n1 請求", "旅費規程\n2 支払")


def test_the_path_of_prose_is_what_its_paragraphs_share() -> None:
    top = ("1 請求",)
    rows: list[Row] = [
        (BlockKind.HEADING, top, "1 請求"),
        (BlockKind.TEXT, (*top, "(1)"), "翌月に請求する。"),
        (BlockKind.TEXT, (*top, "(2)"), "領収書を添える。"),
    ]
    (piece,) = chunk(build(rows))
    assert piece.path == top


def test_a_caption_is_context() -> None:
    (piece,) = chunk(build(article("第一条", "旅費を定める。", caption="（目的）")))
    assert piece.context == "旅費規程\n第一章 総則 第一条\n（目的）"


def test_headings_alone_give_no_chunk() -> None:
    assert chunk(build([(BlockKind.TITLE, (), "題"), (BlockKind.HEADING, ("1",), "見出し"), (BlockKind.CAPTION, ("1",), "表1")])) == []
    assert chunk(build([])) == []


# ---------------------------------------------------------------- level and pages


def test_a_document_without_a_level_counts_as_the_highest() -> None:
    rows = article("第一条", "旅費を定める。")
    assert [piece.level for piece in chunk(build(rows, level=None))] == [HIGHEST_LEVEL]
    assert [piece.level for piece in chunk(build(rows, level=2))] == [2]


def test_pages_are_those_of_the_text() -> None:
    document = build(article("第一条", "一。", "二。", "三。"))
    blocks = tuple(replace(block, page=page) for block, page in zip(document.blocks, (1, 1, 2, 2), strict=True))
    (piece,) = chunk(replace(document, blocks=blocks))
    assert piece.pages == (1, 2)
    assert chunk(replace(document, blocks=tuple(replace(block, page=None) for block in blocks)))[0].pages == ()


def test_every_passage_of_a_long_table_keeps_the_names_of_its_columns() -> None:
    rows: list[Row] = [(BlockKind.TABLE_ROW, (), "区分｜内容"), *((BlockKind.TABLE_ROW, (), f"{n}｜{'説明' * 50}") for n in range(60))]
    first, *others = chunk(build(rows))
    assert first.text.startswith("区分｜内容\n") and "区分｜内容" not in first.context
    assert len(others) > 3
    assert all(piece.context.endswith("区分｜内容") for piece in others)


def test_wording_that_was_replaced_is_in_no_passage() -> None:
    rows: list[Row] = [
        (BlockKind.TEXT, (), "日当は三千円とする。"),
        (BlockKind.FORMER, (), "日当は二千円とする。"),
        (BlockKind.TEXT, (), "宿泊料は実費。"),
    ]
    assert [piece.text for piece in chunk(build(rows))] == ["日当は三千円とする。", "宿泊料は実費。"]


def test_the_whole_heading_is_context_where_the_path_is_only_its_number() -> None:
    # What a Q&A is asked stands in its headings, and the path has 問7: without the words nobody would find the answer.
    rows: list[Row] = [
        (BlockKind.HEADING, ("第１部",), "第１部　旅費"),
        (BlockKind.HEADING, ("第１部", "問7"), "問７　領収書を\nなくしたときは、どうしますか。"),
        (BlockKind.TEXT, ("第１部", "問7"), "再発行を求めてください。"),
        (BlockKind.HEADING, ("別表第一",), "別表第一（第五条関係）　補助対象経費"),
        (BlockKind.TEXT, ("別表第一",), "車両の購入費"),
    ]
    question, table = chunk(build(rows))
    assert question.context == "旅費規程\n第１部 旅費 問７ 領収書を なくしたときは、どうしますか。"
    assert question.path == ("第１部", "問7") and question.text == "再発行を求めてください。"
    assert table.context == "旅費規程\n別表第一（第五条関係） 補助対象経費"
