"""The picture of a page: are the quoted words marked, they alone, and can they still be read?"""

from __future__ import annotations

import io

import pytest
from PIL import Image, ImageChops

from rag.errors import DamagedFile, PasswordNeeded
from rag.read.page_picture import MARK, MAX_PIXELS, picture
from rag.read.pdf import read_pdf
from rag.records import BlockKind, Source
from tests.read.make_pdf import HEIGHT, WIDTH, Sheet, Words, make_pdf, paragraph
from tests.read.test_pdf import ARTICLES, CELLS, GRID, LEFT, RIGHT, VERTICAL, cells, encrypted


def marked_area(png: bytes) -> tuple[int, int, int, int] | None:
    """Pixels that have exactly the mark's colour: the box around them."""
    image = Image.open(io.BytesIO(png)).convert("RGB")
    same = ImageChops.difference(image, Image.new("RGB", image.size, MARK)).convert("L").point(lambda value: 0 if value else 255)
    return same.getbbox()


def test_a_quote_over_two_lines_is_marked_on_both_and_nowhere_else() -> None:
    data = make_pdf(Sheet(words=ARTICLES))
    drawn = picture(data, 1, ["旅費に関し必要な事項を定めることを目的とする。"], width=WIDTH)
    assert drawn.marked == 1
    area = marked_area(drawn.png)
    assert area
    # Lines 2 and 3 of seven: their baselines stand 20.4 and 40.8 points below the first at y = 760.
    assert HEIGHT - 760 + 20.4 - 12 < area[1] < area[3] < HEIGHT - 760 + 40.8 + 6


def test_words_under_the_mark_stay_black() -> None:
    data = make_pdf(Sheet(words=[Words(text="MMMM", x=70, y=700, size=40)]))
    plain, marked = (picture(data, 1, quotes) for quotes in ([], ["MMMM"]))
    darkest = [Image.open(io.BytesIO(drawn.png)).convert("L").getextrema()[0] for drawn in (plain, marked)]
    assert darkest[0] == darkest[1]
    assert (plain.marked, marked.marked) == (0, 1)


def test_spaces_and_widths_of_characters_do_not_matter() -> None:
    data = make_pdf(Sheet(words=[Words(text="第１２条　ﾊﾞｽの運賃（実費）", x=70, y=700, font="ja")]))
    assert picture(data, 1, ["第12条 バスの運賃(実費)"]).marked == 1


def test_every_block_of_a_page_is_found_on_it() -> None:
    sheets = [
        Sheet(words=ARTICLES),
        Sheet(words=paragraph(*VERTICAL, font="down", size=12, x=520, y=780)),
        Sheet(words=[*paragraph("日当は、次の表による。"), *cells(CELLS)], lines=GRID),
        Sheet(words=[*paragraph(*LEFT, x=70, font="latin", size=12), *paragraph(*RIGHT, x=310, font="latin", size=12)]),
    ]
    data = make_pdf(*sheets)
    reading = read_pdf(data, Source(uri="a.pdf"))
    for page in range(1, 5):
        quotes = [block.span.cut(reading.text) for block in reading.blocks if block.page == page]
        assert quotes
        assert picture(data, page, quotes).marked == len(quotes)


def test_the_cells_of_a_row_are_marked_where_they_stand_together() -> None:
    # 9,800 stands in two rows: the mark must be in the row of the quote.
    rows = [("職務の級", "甲地方", "乙地方"), ("六級以上", "9,800", "9,800"), ("五級以下", "9,800", "8,700")]
    drawn = picture(make_pdf(Sheet(words=cells(rows), lines=GRID)), 1, ["五級以下｜8,700"], width=WIDTH)
    area = marked_area(drawn.png)
    assert drawn.marked == 1
    assert area
    assert area[1] > HEIGHT - 640


def test_a_vertical_quote_is_marked_in_its_columns() -> None:
    data = make_pdf(Sheet(words=paragraph(*VERTICAL, font="down", size=12, x=520, y=780)))
    drawn = picture(data, 1, ["前項の規定は、外国旅行について準用する。"], width=WIDTH)
    area = marked_area(drawn.png)
    assert drawn.marked == 1
    assert area
    assert 520 - 3 * 20.4 - 7 <= area[0] < area[2] <= 520 - 3 * 20.4 + 8


def test_a_quote_over_the_end_of_a_page_is_marked_on_both() -> None:
    first = paragraph("第一条　旅費は、最も経済的な通常の経路及び方法により旅行した場合の旅", size=12)
    second = paragraph("費により計算する。ただし、この限りでない。", "２　前項の規定は、外国旅行に準用する。", size=12)
    data = make_pdf(Sheet(words=first), Sheet(words=second))
    reading = read_pdf(data, Source(uri="a.pdf"))
    quote = next(b for b in reading.blocks if b.kind is BlockKind.PARAGRAPH).span.cut(reading.text)
    assert "場合の旅費により" in quote
    assert [picture(data, page, [quote]).marked for page in (1, 2)] == [1, 1]


def test_a_quote_that_shares_only_its_beginning_is_not_marked() -> None:
    lines = ["１　前項の規定にかかわらず、旅費は支給しない。", *["二　航空機による移動に要する費用の額として定める額"] * 12]
    data = make_pdf(Sheet(words=paragraph(*lines)))
    assert picture(data, 1, ["前項の規定にかかわらず、宿泊料は実費による。", "どこにもない言葉"]).marked == 0


def test_a_turned_page_is_marked_in_its_place() -> None:
    data = make_pdf(Sheet(words=[Words(text="Travel expenses", x=70, y=700, size=20)], extra=b"/Rotate 90 "))
    drawn = picture(data, 1, ["Travel expenses"], width=HEIGHT)
    area = marked_area(drawn.png)
    assert (drawn.width, drawn.height) == (HEIGHT, WIDTH)
    assert area
    # Turned clockwise, what stood at (x, y) from the bottom left stands at (y, x) from the top left.
    assert 690 < area[0] < area[2] < 725
    assert 65 < area[1] < area[3] < 230


def test_where_a_page_has_no_characters_the_area_is_marked() -> None:
    nothing = make_pdf(Sheet(raw=b"0.9 g 100 100 10 10 re f"))
    drawn = picture(nothing, 1, ["旅費"], width=WIDTH, areas=[(70, 600, 270, 700)])
    assert (drawn.marked, drawn.roughly) == (0, True)
    area = marked_area(drawn.png)
    assert area and area == pytest.approx((70, HEIGHT - 700, 270, HEIGHT - 600), abs=2)
    found = picture(make_pdf(Sheet(words=ARTICLES)), 1, ["旅費に関し必要な事項"], width=WIDTH, areas=[(0, 0, 9, 9)])
    assert (found.marked, found.roughly) == (1, False), "the words themselves are better"


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF"])
def test_a_page_of_a_picture_is_drawn_and_its_area_marked(kind: str) -> None:
    pages = [Image.new("RGB", (1240, 1754), "white") for _ in range(2 if kind == "TIFF" else 1)]
    out = io.BytesIO()
    more = {"save_all": True, "append_images": pages[1:]} if kind == "TIFF" else {}
    pages[0].save(out, kind, dpi=(150, 150), **more)
    drawn = picture(out.getvalue(), len(pages), [], width=620, areas=[(72, 72, 144, 108)])
    assert (drawn.width, drawn.height, drawn.roughly) == (620, 877, True)
    # An inch has 75 of these pixels; the area begins an inch from the left and from the bottom.
    assert marked_area(drawn.png) == pytest.approx((75, 877 - 112, 150, 877 - 75), abs=2)
    with pytest.raises(DamagedFile, match="not in the file"):
        picture(out.getvalue(), len(pages) + 1, [])


def test_a_broken_picture_is_said() -> None:
    out = io.BytesIO()
    Image.effect_noise((400, 400), 50).save(out, "PNG")
    with pytest.raises(DamagedFile, match="cannot be drawn"):
        picture(out.getvalue()[:2_000], 1, [])


def test_a_password_draws_a_locked_page() -> None:
    drawn = picture(encrypted("user", "owner", "AES-256"), 1, [], password="user")
    assert drawn.png.startswith(b"\x89PNG")
    with pytest.raises(PasswordNeeded):
        picture(encrypted("user", "owner", "AES-256"), 1, [], password="other")


def test_a_huge_page_is_drawn_small() -> None:
    data = make_pdf(Sheet(words=ARTICLES)).replace(b"[0 0 595 842]", b"[0 0 14400 99]", 1)
    drawn = picture(data, 1, [], width=900)
    assert drawn.width <= 901
    tall = make_pdf(Sheet(words=ARTICLES)).replace(b"[0 0 595 842]", b"[0 0 9 99999]", 1)
    drawn = picture(tall, 1, [], width=5000)
    assert drawn.width * drawn.height <= MAX_PIXELS * 1.01


@pytest.mark.parametrize("page", [0, 2, -1])
def test_a_page_that_is_not_there(page: int) -> None:
    with pytest.raises(DamagedFile, match="1 pages"):
        picture(make_pdf(Sheet(words=ARTICLES)), page, [])


def test_what_is_no_pdf_or_locked_is_said() -> None:
    with pytest.raises(DamagedFile):
        picture(b"hello", 1, [])
    with pytest.raises(PasswordNeeded):
        picture(encrypted("user", "owner", "RC4-128"), 1, [])
