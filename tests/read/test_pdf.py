"""PDF files -> text and blocks: what a person would read, in that order, with pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import pypdf
import pytest

from rag.errors import DamagedFile, EmptyFile, PasswordNeeded
from rag.read.pdf import read_pdf
from rag.read.pdf_marks import Mark, mark_of, once
from rag.read.pdfium import Glyph
from rag.read.reading import Reading
from rag.records import BlockKind, Source
from tests.read.make_pdf import Sheet, Words, make_pdf, paragraph

CORPUS = Path(__file__).parents[2] / "corpus"


def reading(*sheets: Sheet, title: str = "") -> Reading:
    result = read_pdf(make_pdf(*sheets, title=title), Source(uri="a.pdf"))
    end = 0
    for block in result.blocks:
        assert end <= block.span.start < block.span.end <= len(result.text)
        end = block.span.end
        assert block.page is not None
        assert 1 <= block.page <= result.pages
    return result


def words(result: Reading, kind: BlockKind | None = None) -> list[str]:
    return [block.span.cut(result.text) for block in result.blocks if kind in (None, block.kind)]


def paths(result: Reading) -> dict[str, tuple[str, ...]]:
    return {block.span.cut(result.text): block.path for block in result.blocks}


# ---------------------------------------------------------------- lines and paragraphs

ARTICLES = paragraph(
    "（目的）",
    "第一条　この規程は、公務のため旅行する職員に対し支給する旅費に関し必",
    "　要な事項を定めることを目的とする。",
    "２　前項の規定は、次に掲げる者にも適用する。",
    "一　委員",
    "二　公務のため招く者であって、その旅費を他の機関が負担しないことを旅",
    "　費担当者が確認したもの",
    size=12,
)


def test_lines_of_one_japanese_paragraph_are_joined_without_a_space() -> None:
    result = reading(Sheet(words=ARTICLES))
    assert "旅費に関し必要な事項を定めることを目的とする。" in result.text
    assert paths(result)["公務のため招く者であって、その旅費を他の機関が負担しないことを旅費担当者が確認したもの"] == (
        "第一条",
        "第二項",
        "第二号",
    )


@pytest.mark.parametrize("number", ["五", "れ", "注", "ー"])
def test_the_second_line_of_an_item_hangs_whatever_its_number_looks_like(number: str) -> None:
    item = f"{number}　停電その他の事故により窓口を閉じたときは、ファクシミリにより一時間以内に、総"
    lines = [*paragraph("次のとおり取り扱うこととしたので、関係の職員に周知し、遺漏のないよう願います。", item, size=12)]
    lines += paragraph("務課文書係へ報告すること。", x=70 + 12, y=760 - 2 * 20.4, size=12)
    (found,) = [text for text in reading(Sheet(words=lines)).text.splitlines() if "停電" in text]
    assert found.endswith("総務課文書係へ報告すること。")


def test_a_line_that_refers_to_an_article_does_not_open_one() -> None:
    result = reading(
        Sheet(
            words=paragraph(
                "第一条　旅費の請求の手続については、別に定めるものを除くほか、次条及び",
                "第三条の規定による。ただし、会計課長が特に必要と認めたときは、この限り",
                "でない。",
                size=12,
            )
        )
    )
    assert {path[:1] for path in paths(result).values()} == {("第一条",)}
    assert "次条及び第三条の規定による。" in result.text


def test_a_quarter_em_between_japanese_and_digits_is_no_space() -> None:
    spread = [Words(text=c, x=x, y=700, size=12, font="ja") for c, x in zip("令和7年", (70, 82, 97, 106), strict=True)]
    assert reading(Sheet(words=spread)).text.strip() == "令和7年"


def test_a_word_divided_at_the_end_of_a_line_is_whole_again() -> None:
    result = reading(
        Sheet(
            words=paragraph(
                "The travel allowance is paid within thirty days after the claim has been acknow-",
                "ledged by the division in charge, and never later than the end of the year-end",
                "period. A long-term stay needs approval.",
                font="latin",
            )
        )
    )
    assert "has been acknowledged by the division" in result.text
    assert "long-term stay" in result.text


def test_a_hyphen_stays_where_the_document_writes_the_word_with_one() -> None:
    result = reading(
        Sheet(
            words=paragraph(
                "A long-term stay needs the approval of the head of the division, and each long-",
                "term stay is reported at the end of the year to the Accounts Division.",
                font="latin",
            )
        )
    )
    assert "each long-term stay is reported" in result.text


def test_a_character_drawn_again_a_hair_apart_is_told_once_and_both_letters_of_a_ligature() -> None:
    def mark(text: str, start: float) -> Mark:
        return mark_of(Glyph(text, start, 700, start + 10, 710, 0), 0)

    line = [mark("旅", 70), mark("費", 80)]
    again = [mark("旅", 70.8), mark("費", 80.8)]
    assert once([*line, *again]) == line
    ligature = [mark("f", 70), mark("f", 70), mark("i", 70)]
    assert once(ligature) == ligature


def test_a_paragraph_that_runs_over_the_end_of_a_page_is_one_on_its_first_page() -> None:
    first = paragraph("第一条　旅費は、最も経済的な通常の経路及び方法により旅行した場合の旅", size=12)
    second = paragraph("費により計算する。", "２　前項の規定は、外国旅行に準用する。", size=12)
    result = reading(Sheet(words=first), Sheet(words=second))
    joined = next(block for block in result.blocks if block.kind is BlockKind.PARAGRAPH)
    assert joined.span.cut(result.text) == "旅費は、最も経済的な通常の経路及び方法により旅行した場合の旅費により計算する。"
    assert joined.page == 1


# ---------------------------------------------------------------- running heads, page numbers


def test_running_heads_and_page_numbers_are_left_out() -> None:
    sheets = [
        Sheet(
            words=[
                Words(text="旅費規程", x=440, y=810, size=8, font="ja"),
                *paragraph(f"第{n}条　第{n}の事項については、会計課長が定める。", size=12),
                Words(text=f"- {i} -", x=290, y=30, size=8),
            ]
        )
        for i, n in enumerate("一二三四", 1)
    ]
    result = reading(*sheets)
    assert "旅費規程" not in result.text
    assert "-" not in result.text
    assert len(words(result, BlockKind.PARAGRAPH)) == 4
    assert [(line.page, line.text) for line in result.furniture] == [(n, text) for n in range(1, 5) for text in ("旅費規程", f"- {n} -")]


def test_the_same_sentence_on_every_page_is_no_running_head() -> None:
    body = ["The clerk checks the claim.", "The officer approves it.", "The division pays it.", "The file is kept."]
    heads = ["Hotels", "Trains", "Flights"]
    result = reading(*(Sheet(words=paragraph(head, *body, font="latin")) for head in heads))
    assert result.text.count("The clerk checks the claim.") == 3
    assert all(line.text not in ("Hotels", "The clerk checks the claim.") for line in result.furniture)


def test_numbers_that_do_not_count_pages_stay() -> None:
    result = reading(*(Sheet(words=paragraph(amount, "円を限度とする。", size=12)) for amount in ("９８００", "１２０００", "７５０")))
    assert "９８００" in result.text


# ---------------------------------------------------------------- columns, vertical writing

LEFT = [
    "The left column is read first from",
    "its top to its end, and no line of",
    "it is mixed with its neighbour at",
    "the right, whatever happens.",
]
RIGHT = [
    "The right column is read after it,",
    "although its lines stand at the",
    "same height as those of the first",
    "column of the page.",
]


def test_two_columns_are_read_one_after_the_other() -> None:
    head = [Words(text="Counter accessibility guideline for everyone", x=70, y=800, size=20)]
    sheet = Sheet(words=[*head, *paragraph(*LEFT, x=70, font="latin", size=12), *paragraph(*RIGHT, x=310, font="latin", size=12)])
    assert words(reading(sheet)) == ["Counter accessibility guideline for everyone", " ".join(LEFT), " ".join(RIGHT)]


def test_columns_written_line_by_line_across_the_page_are_still_read_as_columns() -> None:
    left, right = paragraph(*LEFT, x=70, font="latin", size=12), paragraph(*RIGHT, x=310, font="latin", size=12)
    sheet = Sheet(words=[piece for pair in zip(left, right, strict=True) for piece in pair])
    assert reading(sheet).text.split("\n")[:2] == [" ".join(LEFT), " ".join(RIGHT)]


VERTICAL = [
    "第一条　旅費は、最も経済的な通常の経路及び方法により旅行した場合の旅",
    "　費により計算する。ただし、天災その他やむを得ない事情による場合は、",
    "　この限りでない。",
    "２　前項の規定は、外国旅行について準用する。",
]


@pytest.mark.parametrize("order", [1, -1])
def test_vertical_pages_are_read_from_the_right(order: int) -> None:
    sheet = Sheet(words=[*paragraph(*VERTICAL, font="down", size=12, x=520, y=780)[::order], Words(text="1", x=517, y=25, size=8)])
    result = reading(sheet)
    assert words(result, BlockKind.PARAGRAPH) == [
        "旅費は、最も経済的な通常の経路及び方法により旅行した場合の旅費により計算する。"
        "ただし、天災その他やむを得ない事情による場合は、この限りでない。",
        "前項の規定は、外国旅行について準用する。",
    ]
    assert result.warnings == ("page 1 is written vertically",)


def test_digits_side_by_side_in_a_vertical_column_stay_in_their_place() -> None:
    column = [Words(text=c, x=520, y=780 - 12 * i, size=12, font="down") for i, c in enumerate("平成　年四月一日") if c != "　"]
    # (iii), as wide as the column: each character on its own touches the column's middle too little to belong to it.
    beside = [Words(text=d, x=512 + 3.4 * i, y=780 - 34, size=12, font="latin") for i, d in enumerate("(iii)")]
    assert reading(Sheet(words=[*column[:2], *beside, *column[2:]])).text.strip() == "平成(iii)年四月一日"


def test_small_kana_beside_the_word_they_spell_are_left_out() -> None:
    sheet = Sheet(
        words=[
            *paragraph("条約漁りの仕組みを通じたものを含む。", font="down", size=12, x=500, y=780),
            Words(text="あさ", x=509.5, y=744, size=6, font="down"),
            *paragraph("次のとおり協定した。", font="down", size=12, x=480, y=780),
        ]
    )
    assert "あさ" not in reading(sheet).text


# ---------------------------------------------------------------- tables

GRID = [(70.0, y, 370.0, y) for y in (700.0, 670.0, 640.0, 610.0)] + [(x, 610.0, x, 700.0) for x in (70.0, 170.0, 270.0, 370.0)]
CELLS = [("職務の級", "甲地方", "乙地方"), ("六級以上", "12,000", "10,800"), ("五級以下", "9,800", "8,700")]


def cells(rows: Sequence[tuple[str, ...]], top: float = 681) -> list[Words]:
    return [
        Words(text=text, x=76 + 100 * column, y=top - 30 * row, font="latin" if text.isascii() else "ja")
        for row, line in enumerate(rows)
        for column, text in enumerate(line)
        if text
    ]


def test_a_ruled_table_becomes_rows_of_cells() -> None:
    result = reading(Sheet(words=[*paragraph("日当は、次の表による。"), *cells(CELLS)], lines=GRID))
    assert words(result, BlockKind.TABLE_ROW) == ["｜".join(row) for row in CELLS]


def test_words_that_wrap_inside_a_cell_are_one_cell() -> None:
    rows = [("職務の級", "額", "備考"), ("六級以上", "12,000", ""), ("五級以下", "9,800", "")]
    wrapped = [Words(text="本省の課", x=276, y=656, font="ja"), Words(text="長を除く。", x=276, y=644, font="ja")]
    result = reading(Sheet(words=[*cells(rows), *wrapped], lines=GRID))
    assert words(result, BlockKind.TABLE_ROW)[1] == "六級以上｜12,000｜本省の課長を除く。"


def test_a_cell_over_several_rows_is_told_in_each() -> None:
    lines = [line for line in GRID if line != (70.0, 640.0, 370.0, 640.0)] + [(170.0, y, 370.0, y) for y in (640.0, 617.0)]
    rows = [("級", "場所", "額"), ("", "本省", "12,000"), ("", "地方局", "9,800")]
    spanning = [Words(text="六級以上", x=76, y=636, font="ja")]
    result = reading(Sheet(words=[*cells(rows), *spanning], lines=lines))
    assert words(result, BlockKind.TABLE_ROW) == ["級｜場所｜額", "六級以上｜本省｜12,000", "六級以上｜地方局｜9,800"]


def test_a_table_without_lines_is_recognised_by_its_columns() -> None:
    rows = [*CELLS, ("その他", "7,000", "6,300")]
    assert words(reading(Sheet(words=cells(rows))), BlockKind.TABLE_ROW) == ["｜".join(row) for row in rows]


def test_a_frame_around_a_paragraph_is_no_table() -> None:
    frame = [(60.0, 700.0, 540.0, 700.0), (60.0, 780.0, 540.0, 780.0), (60.0, 700.0, 60.0, 780.0), (540.0, 700.0, 540.0, 780.0)]
    assert words(reading(Sheet(words=ARTICLES, lines=frame)), BlockKind.TABLE_ROW) == []


def test_numbered_lines_are_no_table() -> None:
    rows = [Words(text=t, x=x, y=700 - 20 * i, size=10) for i in range(4) for t, x in ((f"({i + 1})", 70), ("a hotel bill", 120))]
    assert words(reading(Sheet(words=rows)), BlockKind.TABLE_ROW) == []


# ---------------------------------------------------------------- titles


@pytest.mark.parametrize(
    "useless", ["Microsoft Word - 旅費.doc", "無題", "C:\\docs\\a\\b", "20250401_final.pdf", "<5461726f2d>", "untitled"]
)
def test_a_title_that_is_none_gives_way_to_the_first_large_line(useless: str) -> None:
    page = [*paragraph("旅費取扱規程", size=18, x=230, y=800), *ARTICLES]
    assert reading(Sheet(words=page), title=useless).source.title == "旅費取扱規程"


def test_the_title_that_the_file_gives_is_taken() -> None:
    assert reading(Sheet(words=ARTICLES), title="公共サービス省職員旅費取扱規程").source.title == "公共サービス省職員旅費取扱規程"


def test_a_title_that_was_given_wins() -> None:
    data = make_pdf(Sheet(words=ARTICLES), title="別の題名")
    assert read_pdf(data, Source(uri="a.pdf", title="旅費規程")).source.title == "旅費規程"


def test_bookmarks_make_headings() -> None:
    writer = pypdf.PdfWriter(
        io.BytesIO(make_pdf(Sheet(words=paragraph("Travel guide", "For all staff.", "Booking a hotel", "Ask first.", font="latin"))))
    )
    writer.add_outline_item(title="Booking a hotel", page_number=0)
    out = io.BytesIO()
    writer.write(out)
    result = read_pdf(out.getvalue(), Source(uri="a.pdf", title="Guide"))
    assert paths(result)["Ask first."] == ("Booking a hotel",)


# ---------------------------------------------------------------- what cannot be read


def encrypted(user: str, owner: str, algorithm: str) -> bytes:
    writer = pypdf.PdfWriter(io.BytesIO(make_pdf(Sheet(words=ARTICLES))))
    if algorithm.startswith("AES"):
        pytest.importorskip("cryptography")
    writer.encrypt(user, owner, algorithm=algorithm)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize("algorithm", ["RC4-40", "RC4-128", "AES-128", "AES-256"])
def test_a_file_that_only_restricts_printing_opens(algorithm: str) -> None:
    assert "第一条" in read_pdf(encrypted("", "owner", algorithm), Source(uri="a.pdf")).text


@pytest.mark.parametrize("algorithm", ["RC4-128", "AES-256"])
def test_a_password_is_asked_for(algorithm: str) -> None:
    with pytest.raises(PasswordNeeded, match="a.pdf: is encrypted"):
        read_pdf(encrypted("user", "owner", algorithm), Source(uri="a.pdf"))


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\nno objects\n%%EOF", make_pdf(Sheet(words=ARTICLES))[:-700]])
def test_no_pdf_or_half_of_one_is_damaged(data: bytes) -> None:
    with pytest.raises(DamagedFile):
        read_pdf(data, Source(uri="a.pdf"))


def test_a_pdf_without_pages_is_empty() -> None:
    with pytest.raises(EmptyFile, match="no pages"):
        read_pdf(make_pdf(), Source(uri="a.pdf"))


def test_a_pdf_of_pictures_alone_says_that_it_needs_ocr() -> None:
    with pytest.raises(EmptyFile, match="none of its 2 pages has text: scanned"):
        read_pdf(make_pdf(Sheet(lines=GRID), Sheet(lines=GRID)), Source(uri="a.pdf"))


def test_a_scanned_page_among_others_is_named_and_a_blank_one_is_not() -> None:
    result = reading(Sheet(words=ARTICLES), Sheet(lines=GRID), Sheet())
    assert result.warnings == ("page 2 has no text: a scan?", "page 2: not read by OCR: it is switched off")


def test_a_garbled_page_is_left_out_and_named() -> None:
    garbled = Words(text="\ue001\ue002\ue003\ue004\ue005", x=70, y=700, font="ja")
    result = reading(Sheet(words=ARTICLES), Sheet(words=[garbled]))
    assert "\ue001" not in result.text
    assert result.warnings == (
        "page 2: not read by OCR: it is switched off",
        "text is garbled: 100% of characters have no meaning on page 2; its text is left out: it needs OCR",
    )


def test_a_few_garbled_characters_are_told_and_kept() -> None:
    result = reading(Sheet(words=[*ARTICLES, Words(text="\ue001\ue002\ue003", x=70, y=500, font="ja")]))
    assert result.warnings[0].startswith("text is garbled: ")
    assert "第一条" in result.text


# ---------------------------------------------------------------- the sample ministry's own


@pytest.mark.parametrize(
    "name", ["ja/procurement-procedure.pdf", "ja/subsidy-guideline.pdf", "ja/travel-amounts.pdf", "en/accessibility.pdf"]
)
def test_the_sample_library_reads_without_a_loss(name: str) -> None:
    """Every character that the HTML it was printed from has, in that order, but for table heads that span rows."""
    from bs4 import BeautifulSoup

    printed = CORPUS / name
    made = CORPUS / "make" / (name.split("/")[1].replace(".pdf", ".html") if name.startswith("ja") else "en_accessibility.html")
    if not printed.exists() or not made.exists():
        pytest.skip("not made yet")
    soup = BeautifulSoup(made.read_text("utf-8"), "lxml")
    for tag in soup(["style", "script", "head"]):
        tag.decompose()
    result = read_pdf(printed.read_bytes(), Source(uri=name))
    wanted = [line for line in (_bare(text) for text in soup.stripped_strings) if line]
    got, at = _bare(result.text), 0
    for line in wanted:
        at = got.index(line, at) + len(line)
    assert len(got) < 1.02 * sum(map(len, wanted))


def _bare(text: str) -> str:
    return "".join(text.replace("｜", "").split())
