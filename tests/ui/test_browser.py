"""The Ask page in a real browser, as staff use it."""

from __future__ import annotations

import shutil
import urllib.parse
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import expect

from rag.ingest import rebuild
from rag.library import Library
from rag.settings import Settings
from rag.ui.texts import Words
from tests.ui.conftest import REPOSITORY, Screen, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ja, en = Words("ja"), Words("en")
FEES = "手数料の免除を受けられるのは誰ですか"
LAPTOP = "How do I report a lost laptop?"
SUBSIDY = "補助金の実績報告書の提出期限はいつですか"
NONSENSE = "ズワイガニの漁獲枠"
Make = Callable[..., Screen]

CONTRAST = (REPOSITORY / "tests" / "ui" / "contrast.js").read_text(encoding="utf-8")
"""Texts whose contrast with their ground is below AA."""


def test_a_question_in_japanese(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open()
    seen.page.get_by_label(ja("ask.field"), exact=True).fill(FEES)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".k-question")
    seen.settle()
    assert seen.page.locator("h1").inner_text() == FEES
    first = seen.marked("said")
    assert first.startswith("提供機関は、次の各号") and "全額の免除" in first, "what is announced, and the items that answer"
    assert "".join(seen.marked("source").split()) == "".join(first.split())
    seen.press(ja("answer.open", number=5))
    second = seen.marked("said")
    assert second != first
    assert "".join(seen.marked("source").split()) == "".join(second.split())
    assert seen.page.get_by_role("button", name=ja("answer.opened", number=5), exact=True).is_visible()
    assert seen.outside == []


def test_a_question_in_english(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address, locale="en-GB")
    seen.open()
    assert seen.page.locator("h1").inner_text() == en("ask.heading")
    seen.page.get_by_label(en("ask.field"), exact=True).fill(LAPTOP)
    seen.press(en("ask.button"))
    seen.page.wait_for_selector(".k-question")
    seen.settle()
    assert "police" in seen.page.locator(".st-key-ask").inner_text()
    assert seen.marked("source") == seen.marked("said")


def test_the_quoted_words_are_in_sight(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES)
    box = seen.page.locator(".st-key-source mark").first.bounding_box()
    assert box and 0 < box["y"] < 900


def test_enter_while_converting_does_not_ask(screen: Make, sample_address: str) -> None:
    """Enter ends a Japanese conversion first; the Enter after it asks."""
    seen = screen(sample_address)
    seen.open()
    field = seen.page.get_by_label(ja("ask.field"), exact=True)
    field.focus()
    keyboard = seen.page.context.new_cdp_session(seen.page)
    keyboard.send("Input.imeSetComposition", {"text": "てすうりょう", "selectionStart": 6, "selectionEnd": 6})
    enter = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **enter})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **enter})
    seen.page.wait_for_timeout(1500)
    assert seen.page.locator(".k-question").count() == 0
    keyboard.send("Input.insertText", {"text": "手数料"})
    assert field.input_value() == "手数料"
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".k-question")


def test_a_reload_loses_nothing(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES, on="2026-10-01", level="2", kind="act")
    before = seen.page.locator("[class*=st-key-said-]").all_inner_texts()
    seen.page.reload()
    seen.settle()
    assert before and seen.page.locator("[class*=st-key-said-]").all_inner_texts() == before
    assert seen.page.get_by_label(ja("ask.field"), exact=True).input_value() == FEES
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(seen.page.url).query)
    assert query == {"q": [FEES], "on": ["2026-10-01"], "level": ["2"], "kind": ["act"], "lang": ["ja"]}


def test_the_back_button_shows_the_question_before(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES)
    seen.page.get_by_label(ja("ask.field"), exact=True).fill(NONSENSE)
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("heading", name=NONSENSE).wait_for()
    seen.settle()
    seen.page.go_back()
    seen.page.get_by_role("heading", name=FEES).wait_for()
    seen.settle()
    assert seen.page.get_by_label(ja("ask.field"), exact=True).input_value() == FEES


def test_the_longest_question(screen: Make, sample_address: str) -> None:
    question = "手数料の減免について" * 200
    seen = screen(sample_address)
    seen.open(q=question)
    seen.page.reload()
    seen.settle()
    assert seen.page.locator("h1").inner_text() == question


def test_the_language_is_switched_and_kept(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES)
    assert seen.page.evaluate("document.documentElement.lang") == "ja"
    seen.page.get_by_role("radio", name="English").or_(seen.page.get_by_role("button", name="English")).first.click()
    seen.until("document.documentElement.lang == 'en'")
    seen.settle()
    assert seen.page.get_by_role("button", name=en("answer.opened", number=1), exact=True).is_visible()
    assert "lang=en" in seen.page.url
    seen.page.reload()
    seen.settle()
    assert seen.page.get_by_role("button", name=en("ask.button"), exact=True).is_visible()
    assert seen.page.locator("h1").inner_text() == FEES


def test_keyboard_only(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open()
    focused = "document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''"

    def tab_to(name: str) -> None:
        for _ in range(60):
            seen.page.keyboard.press("Tab")
            if name == seen.page.evaluate(focused).strip():
                return
        raise AssertionError(f"{name} is not reached by Tab")

    seen.until(f"({focused}) == '{ja('ask.field')}'")  # one can type at once
    seen.page.keyboard.type(FEES)
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector(".k-question")
    seen.settle()
    tab_to(ja("answer.open", number=5))
    outline = seen.page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
    assert outline == "3px"
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("button", name=ja("answer.opened", number=5), exact=True).wait_for()
    seen.settle()
    assert seen.page.evaluate(focused).strip() == ja("answer.opened", number=5), "the keyboard keeps its place"
    tab_to(ja("source.next_article"))
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("button", name=ja("source.back"), exact=True).wait_for()


def test_the_keyboard_is_at_the_question_and_past_the_menu_with_one_key(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address, locale="en-GB")
    focused = "document.activeElement.innerText || document.activeElement.getAttribute('aria-label') || ''"
    seen.open(q=FEES)  # a bookmark, with its answer
    seen.until(f"({focused}) == '{en('ask.field')}'")
    seen.page.get_by_role("button", name=en("answer.open", number=5), exact=True).click()
    seen.settle()
    assert en("answer.opened", number=5) in seen.page.evaluate(focused), "what is drawn again does not take the keyboard away"
    seen.page.goto(f"{sample_address}/log?lang=en")
    seen.settle()
    seen.page.evaluate("document.activeElement.blur()")
    seen.page.keyboard.press("Tab")
    expect(seen.page.get_by_role("link", name=en("frame.skip"), exact=True)).to_be_focused()
    skip = seen.page.locator(".k-skip").bounding_box()
    assert skip and skip["width"] > 100, "it is seen while the keyboard is there"
    assert not seen.page.get_by_text("Skip to main content").is_visible(), "one such link is enough, in the reader's language"
    seen.page.keyboard.press("Enter")
    assert seen.page.evaluate(focused) == en("log.heading")
    seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("document.querySelector('.st-key-log').contains(document.activeElement)")
    skip = seen.page.locator(".k-skip").bounding_box()
    assert skip and skip["width"] < 5


def test_refusal(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=NONSENSE)
    assert seen.page.locator("h2").first.inner_text() == ja("refusal.heading")
    for key in ("refusal.searched", "refusal.terms", "refusal.next"):
        assert seen.page.get_by_text(ja(key), exact=True).is_visible()
    assert seen.page.locator("[class*=st-key-said-]").count() == 0
    nearest = seen.page.locator("[class*=st-key-near-]")
    if nearest.count():
        seen.press(ja("refusal.open", number=1))
        assert "".join(seen.marked("source").split()) == "".join(seen.marked("said").split())


def test_a_page_of_a_pdf(screen: Make, sample_address: str, tmp_path: Path) -> None:
    seen = screen(sample_address)
    seen.open(q=SUBSIDY, kind="guideline")
    row = seen.page.locator("[class*=st-key-said-]").filter(has_text="ページ").first
    if row.locator(".k-open").count() == 0:
        row.get_by_role("button").first.click()
    seen.page.wait_for_selector(".st-key-picture img")
    seen.settle()
    picture = seen.page.locator(".st-key-picture img")
    assert "黄色の印" in (picture.get_attribute("alt") or "")
    page = seen.page.get_by_text(" ページ", exact=False).last.inner_text()
    seen.press(ja("source.page_next"))
    assert seen.page.get_by_text(" ページ", exact=False).last.inner_text() != page
    with seen.page.expect_download() as waiting:
        seen.page.get_by_role("button", name=ja("source.download")).click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert file.read_bytes() in [original.read_bytes() for original in (REPOSITORY / "corpus").rglob(file.name)]


def test_copying_the_answer(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES)
    seen.page.get_by_text(ja("answer.copy")).click()
    seen.page.locator(".stCode button").click()
    copied = seen.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith(f"質問：{FEES}\n")
    assert "\n[1] 公共サービス提供基準法、" in copied


LINES = """cell => {
  const range = document.createRange(), text = cell.querySelector('mark')?.firstChild || cell.firstChild;
  return text.data.split(/(?<=[ -])/).map((word, n, words) => {
    const start = words.slice(0, n).join('').length;
    range.setStart(text, start);
    range.setEnd(text, start + word.trimEnd().length);
    return new Set([...range.getClientRects()].filter(box => box.width > 0).map(box => box.top)).size;
  });
}"""
"""On how many lines each word of a cell stands."""


def test_a_wide_table_is_pushed_aside_before_its_words_are_cut(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address, locale="en-GB")
    seen.open(q="How much can I spend on accommodation per night in Tokyo?")
    cells = seen.page.locator(".st-key-source .k-table td").all()
    assert {"Area", "A"} <= {cell.inner_text() for cell in cells}
    assert {lines for cell in cells for lines in cell.evaluate(LINES)} == {1}
    main = "document.querySelector('[data-testid=stMain]')"
    assert seen.page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")


@pytest.mark.parametrize("width", [800, 1280])
def test_layout(screen: Make, sample_address: str, width: int) -> None:
    seen = screen(sample_address, width=width)
    seen.open(q=FEES)
    seen.press(ja("answer.open", number=5))
    main = "document.querySelector('[data-testid=stMain]')"
    assert seen.page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth"), "nothing is cut off at the side"
    said = seen.page.locator("[class*=st-key-said-]:has(.k-open)").bounding_box()
    source = seen.page.locator(".st-key-source").bounding_box()
    assert said and source
    if width == 800:
        assert 0 <= source["y"] - (said["y"] + said["height"]) < 40, "the source stands right below the sentence"
    else:
        assert source["x"] > said["x"] + said["width"], "the source stands on the right"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("question", ["", FEES, NONSENSE])
def test_contrast_and_headings(screen: Make, sample_address: str, scheme: str, question: str) -> None:
    seen = screen(sample_address, scheme=scheme)
    seen.open(**({"q": question} if question else {}))
    assert seen.page.evaluate(CONTRAST) == []
    levels = seen.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in zip(levels, levels[1:], strict=False))


def test_empty_library(screen: Make, tmp_path: Path) -> None:
    with serving(tmp_path / "home") as address:
        seen = screen(address, locale="en-US")
        seen.open()
        assert seen.page.locator("h1").inner_text() == en("empty.heading")
        assert seen.page.get_by_text("python -m rag ingest FOLDER").is_visible()
        assert seen.outside == []


def test_damaged_files_and_mending_them(screen: Make, sample_home: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    shutil.rmtree(home / "index" / "keyword")
    with serving(home) as address:
        seen = screen(address)
        seen.open(q=FEES)
        assert seen.page.locator("h1").inner_text() == ja("trouble.heading")
        assert seen.page.get_by_text("python -m rag rebuild", exact=True).is_visible()
        assert "Traceback" not in seen.page.content()
        library = Library(Settings(home=home))
        rebuild(library)
        library.close()
        seen.press(ja("trouble.again"))
        seen.page.wait_for_selector(".k-question", timeout=90_000)
        assert seen.page.locator("h1").inner_text() == FEES


def test_references_beside_a_source_are_followed_and_lead_back(screen: Callable[..., Screen], sample_address: str) -> None:
    on = screen(sample_address)
    on.open(q="公共サービス提供基準法第十条には何とありますか", lang="ja")
    related = on.page.locator(".st-key-related")
    assert "参照している規定" in related.inner_text()
    assert "公共サービス提供基準法施行令 第六条第一項（委任を受けた規定）" in related.inner_text()
    on.press("第十三条第一項")
    panel = on.page.locator(".st-key-source")
    assert "第十三条" in panel.locator(".k-crumbs").inner_text()
    assert panel.locator(".k-pointed").count() >= 1
    on.page.locator(".st-key-way-back button").click()
    on.settle()
    assert "第十条" in panel.locator(".k-crumbs").inner_text()
    assert panel.locator("mark").count() >= 1
    # The other way: what refers to this provision.
    assert ja("related.incoming") in related.inner_text()
    on.press("公共サービス提供基準法施行令 第六条第一項（委任を受けた規定）")
    assert "第六条" in panel.locator(".k-crumbs").inner_text()
    assert "第十条" in related.inner_text(), "and the order names the act"
    on.page.locator(".st-key-way-back button").click()
    on.settle()
    assert "第十条" in panel.locator(".k-crumbs").inner_text()
