"""The desk in a real browser, as a knowledge manager uses it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from rag.library import Library
from rag.read import ocr
from rag.registry import DRAFT, PUBLISHED
from rag.settings import Settings
from rag.ui.texts import Words
from tests.desk.test_work import SECRET, encrypted
from tests.read import make_pdf as pdf
from tests.read.test_ocr import ENGLISH, as_file, as_image
from tests.ui.conftest import Screen, serving
from tests.ui.test_browser import CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ja, en = Words("ja"), Words("en")
Make = Callable[..., Screen]
LONG = 120_000
"""Milliseconds for work in the background, which first loads the models."""


class Desk:
    """The Documents page in a browser."""

    def __init__(self, seen: Screen, t: Words = ja) -> None:
        self.seen, self.page, self.t = seen, seen.page, t

    def open(self, path: str = "documents", **query: str) -> None:
        address = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.seen.address}/{path}?{address}")
        self.seen.settle()

    def hand_in(self, *files: FilePayload, level: str = "") -> None:
        field = self.page.locator(".st-key-add [data-testid=stFileUploader] input").first
        if not self.page.locator(".st-key-read-files button").is_visible():
            self.seen.unfold(self.page.locator(".st-key-add"))
        field.set_input_files(list(files))
        button = self.page.locator(".st-key-read-files button")
        expect(button).to_be_enabled()
        if level:
            self.page.locator(".st-key-add").get_by_label(self.t("documents.level_of_new")).click()
            self.page.get_by_role("option", name=level, exact=True).click()
            self.seen.settle()
        button.click()

    def done(self, kind: str, n: int = 1, state: str = "done") -> None:
        """Wait until the newest piece of work is of this kind and has this state."""
        first = self.page.locator("[class*=st-key-job-]").first
        expect(first).to_contain_text(f"{self.t(f'jobkind.{kind}', n=n)}　{self.t(f'jobs.{state}')}", timeout=LONG)
        self.seen.settle()

    def select(self, words: str) -> None:
        """Show only what has these words, and select all of it."""
        self.page.get_by_label(self.t("documents.search"), exact=True).fill(words)
        self.page.keyboard.press("Enter")
        self.seen.settle()
        box = self.page.locator(".st-key-select-all label")
        if not self.page.locator(".st-key-select-all input").is_checked():
            box.click()
        self.seen.settle()

    def read(self, file: str) -> None:
        """Open what was read from a file, beside its pages."""
        self.open()
        self.select(file)
        self.page.locator("[class*=st-key-open-] button").first.click()
        self.seen.settle()
        self.page.get_by_text(self.t("view.reading"), exact=True).first.click()
        self.page.wait_for_selector(".k-structure")
        self.seen.settle()

    def day(self, label: str, day: str) -> None:
        """Type a day into a field of this name."""
        field = self.page.get_by_role("group", name=label, exact=True)
        field.get_by_role("spinbutton").first.click()
        self.page.keyboard.type(day.replace("-", ""))
        expect(field.get_by_role("spinbutton").first).to_have_text(day[:4])
        self.page.keyboard.press("Escape")
        self.seen.settle()

    def picture(self, name: str, of: str = "") -> None:
        """With KONKYO_SCREENSHOTS=FOLDER a picture is written there, with the first element of this selector at its top."""
        if folder := os.environ.get("KONKYO_SCREENSHOTS"):
            if of:
                self.page.locator(of).first.evaluate("element => element.scrollIntoView()")
                self.page.wait_for_timeout(300)
            self.page.screenshot(path=Path(folder) / f"desk_{name}.png")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    home = tmp_path_factory.mktemp("desk") / "home"
    with serving(home) as address:
        yield address, home


def file(name: str, text: str) -> FilePayload:
    return FilePayload(name=name, mimeType="text/markdown", buffer=text.encode())


PARKING = "# 駐車場の使用に関する要領\n\n第一条　駐車場の使用料は、一月につき三千円とする。\n"


def test_a_file_becomes_a_published_document(screen: Make, served: tuple[str, Path]) -> None:
    address, home = served
    desk = Desk(screen(address))
    desk.open()
    expect(desk.page.locator("h1")).to_have_text(ja("documents.heading"))
    desk.hand_in(file("駐車場.md", PARKING), file("broken.pdf", "%PDF-1.7 torn"), level="1")
    desk.page.reload()  # the page may be closed in the middle
    desk.done("add", 2)
    assert ja("why.cut_off") in desk.page.locator(".st-key-jobs").inner_text()
    desk.select("駐車場")
    desk.picture("selected")
    desk.page.get_by_role("button", name=ja("documents.open", title="駐車場の使用に関する要領")).click()
    desk.seen.settle()
    assert ja("gate.no-effective-date") in desk.page.locator(".st-key-documents").inner_text()
    desk.day(ja("correct.begins"), "2026-04-01")
    desk.page.get_by_label(ja("documents.issuer"), exact=True).fill("会計課")
    desk.page.get_by_role("button", name=ja("correct.save")).click()
    desk.done("correct")
    desk.picture("corrected")
    assert ja("gate.no-effective-date") not in desk.page.locator(".st-key-documents").inner_text()
    desk.page.get_by_role("button", name=ja("detail.back")).click()
    desk.seen.settle()
    desk.select("駐車場")
    desk.page.get_by_role("button", name=ja("documents.publish", n=1)).click()
    button = desk.page.get_by_role("button", name=ja("documents.publish_now"), exact=True)
    button.click()
    expect(button).to_be_hidden()  # what was asked for is handed over
    desk.done("publish")
    desk.picture("published")
    library = Library(Settings(home=home))
    (published,) = library.registry.revisions(PUBLISHED)
    assert (published.source.issuer, str(published.source.effective_from), published.source.level) == ("会計課", "2026-04-01", 1)
    assert library.registry.revisions(DRAFT) == []
    library.close()
    desk.open("", q="駐車場の使用料はいくらですか")
    assert "三千円" in desk.seen.marked("said")
    assert desk.seen.outside == []


def test_a_whole_folder_becomes_drafts_under_their_places(screen: Make, served: tuple[str, Path], tmp_path: Path) -> None:
    address, home = served
    below = tmp_path / "rules" / "finance"
    below.mkdir(parents=True)
    (tmp_path / "rules" / "cycles.md").write_text("# Cycles\n\nCycle parking is free.\n", encoding="utf-8")
    (below / "lockers.md").write_text("# Lockers\n\nLockers cost 200 a month.\n", encoding="utf-8")
    (below / ".DS_Store").write_bytes(b"\x00Bud1")
    desk = Desk(screen(address, width=800))
    desk.open()
    desk.seen.unfold(desk.page.locator(".st-key-add"))
    desk.page.get_by_text(ja("documents.whole"), exact=True).click()
    desk.seen.settle()
    pressed = desk.page.locator("[class*=st-key-folder-] [data-testid=stFileUploaderDropzone] button p")
    assert pressed.evaluate("p => getComputedStyle(p, '::after').content") == f'"{ja("documents.choose_folder")}"'
    desk.page.locator("[class*=st-key-folder-] input").set_input_files(tmp_path / "rules")
    button = desk.page.locator(".st-key-read-files button")
    expect(button).to_be_enabled()
    desk.picture("folder")
    button.click()
    desk.done("add", 2)
    assert desk.page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth") == 800
    library = Library(Settings(home=home))
    assert {"rules/cycles.md", "rules/finance/lockers.md"} <= {draft.source.uri for draft in library.registry.revisions(DRAFT)}
    library.close()


def test_a_pdf_asks_for_its_password(screen: Make, served: tuple[str, Path]) -> None:
    address, home = served
    desk = Desk(screen(address))
    desk.open()
    desk.hand_in(FilePayload(name="rates.pdf", mimeType="application/pdf", buffer=encrypted("Ferries cost 12.")), level="1")
    desk.done("add", state="none")
    field = desk.page.get_by_label(ja("refused.password_field"), exact=True)
    button = desk.page.get_by_role("button", name=ja("refused.password_read"), exact=True)
    for typed, ends, told in (
        ("wrong", field.press, ja("refused.password_wrong")),
        (SECRET, button.press, ja("jobresult.added", n=1)),
    ):
        field.fill(typed)
        ends("Enter")
        expect(desk.page.locator("[class*=st-key-job-]").first).to_contain_text(told, timeout=LONG)
        desk.seen.settle()
        desk.picture(f"password_{typed == SECRET}")
        assert field.count() == 0 or field.input_value() == ""
    assert field.count() == 0
    desk.read("rates.pdf")
    field = desk.page.get_by_label(ja("reading.password"), exact=True)
    for typed in ("wrong", SECRET):
        field.fill(typed)
        field.press("Enter")
        desk.seen.settle()
        expect(desk.page.locator(".st-key-picture img")).to_have_count(int(typed == SECRET))
        expect(desk.page.locator(".st-key-documents").get_by_text(ja("refused.password_wrong"))).to_have_count(int(typed == "wrong"))
    held = b"".join(file.read_bytes() for file in [*home.rglob("*"), *home.parent.glob("*.log")] if file.is_file())
    assert b"rates.pdf" in held and b"Zr7!secre" not in held


@pytest.mark.skipif(bool(ocr.missing()), reason=ocr.missing() or "never")
def test_a_scan_is_seen_beside_its_words_and_what_was_left_out_is_listed(screen: Make, served: tuple[str, Path]) -> None:
    desk = Desk(screen(served[0]))
    desk.open()
    head = pdf.Words(text="Counter handbook", x=70, y=810, size=8)
    pages = [
        pdf.Sheet(words=[head, *pdf.paragraph(f"{fees} costs {n} a month.", font="latin"), pdf.Words(text=f"- {n} -", x=290, y=30, size=8)])
        for n, fees in enumerate(("Parking", "Storage", "Moorings"), 1)
    ]
    scan = as_file(as_image(pdf.make_pdf(pdf.Sheet(words=ENGLISH))), "PNG", dpi=(200, 200))
    desk.hand_in(
        FilePayload(name="handbook.pdf", mimeType="application/pdf", buffer=pdf.make_pdf(*pages)),
        FilePayload(name="claims.png", mimeType="image/png", buffer=scan),
        level="1",
    )
    desk.done("add", 2)
    for name, in_it, beside in (
        ("handbook.pdf", "Parking costs 1 a month.", ["Counter handbook", "- 1 -"]),
        ("claims.png", "Claims are paid within thirty days", []),
    ):
        desk.read(name)
        expect(desk.page.locator(".st-key-picture img")).to_be_visible()
        assert in_it in desk.page.locator(".k-structure").inner_text()
        assert desk.page.locator(".k-furniture li").all_inner_texts() == beside
        desk.picture(f"reading_{name}")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_other_pages_on_a_narrow_screen_have_enough_contrast(screen: Make, served: tuple[str, Path], scheme: str) -> None:
    desk = Desk(screen(served[0], locale="en-GB", width=800, scheme=scheme), en)
    for page in ("gaps", "quality", "usage", "log"):
        desk.open(page)
        expect(desk.page.locator("h1")).to_have_text(en(f"{page}.heading"))
        assert (
            desk.page.evaluate("[document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]').scrollWidth]")
            == [800] * 2
        )
        assert desk.page.evaluate(CONTRAST) == [], page
        desk.picture(f"narrow_{page}_{scheme}")


def test_the_page_in_english_on_a_narrow_screen_has_enough_contrast(screen: Make, served: tuple[str, Path]) -> None:
    address, _ = served
    for scheme in ("light", "dark"):
        desk = Desk(screen(address, locale="en-GB", width=800, scheme=scheme), en)
        desk.open()
        expect(desk.page.locator("h1")).to_have_text(en("documents.heading"))
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= 800
        assert desk.page.evaluate(CONTRAST) == []
        desk.picture(f"narrow_{scheme}")
