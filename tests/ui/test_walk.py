"""A knowledge manager's day, from twelve files dropped in to a gap that became a document, in a real browser."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, expect

from rag.library import Library
from rag.read import ocr
from rag.registry import DRAFT, PUBLISHED
from rag.settings import Settings
from rag.ui.texts import Words
from tests.conftest import CORPUS
from tests.read.make_pdf import Sheet, make_pdf, paragraph
from tests.read.make_sheets import workbook
from tests.ui.conftest import Screen, serving
from tests.ui.test_desk import Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

ja = Words("ja")
TODAY = date.today()
FIRST, NEW = TODAY - timedelta(days=240), TODAY - timedelta(days=60)
"""The guideline applies from the first day, its next text from the other one: both have come, whenever the tests run."""
BETWEEN = TODAY - timedelta(days=150)
DAYS = "テレワークは1週間に何日までできますか"
CRABS = "ズワイガニの漁獲枠は何トンですか"
CRAB_RULE = "# ズワイガニの漁獲に関する要領\n\n第一条　ズワイガニの漁獲枠は、一年につき百二十トンとする。\n"
GUIDELINE = (CORPUS / "ja" / "telework-guideline.md").read_text(encoding="utf-8")
PLAIN = "leave-directive.html travel-directive.docx act_20250401.xml subsidy-guideline.pdf disclosure-procedure.txt qa-travel-leave.html"


def vertical() -> bytes:
    """A page whose lines run down it, from right to left."""
    lines = ["駐車場の使用に関する通達", "駐車場の使用の許可は、会計課長が行う。", "許可の期間は、一年を超えないものとする。"]
    return make_pdf(Sheet(words=paragraph(*lines, x=480, y=760, size=14, font="down")))


def archive() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as packed:
        for name in ("security-directive.html", "records-directive.md"):
            packed.write(CORPUS / "ja" / name, name)
    return out.getvalue()


def upload(name: str, data: bytes) -> FilePayload:
    return FilePayload(name=name, mimeType="application/octet-stream", buffer=data)


def twelve() -> list[FilePayload]:
    files = [upload(name, (CORPUS / "ja" / name).read_bytes()) for name in PLAIN.split()]
    fees = workbook(("手数料", [["区分", "金額"], ["証明書の交付", "三百円"], ["写しの交付", "十円"]]))
    return [
        *files,
        upload("telework-guideline.md", GUIDELINE.encode()),
        upload("fees.xlsx", fees),
        upload("notice-1998-scan.pdf", (CORPUS / "ja" / "notice-1998-scan.pdf").read_bytes()),
        upload("parking-vertical.pdf", vertical()),
        upload("broken.pdf", (CORPUS / "ja" / "travel-amounts.pdf").read_bytes()[:9000]),
        upload("directives.zip", archive()),
    ]


def test_a_day_at_the_desk(screen: Callable[..., Screen], tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, KONKYO_KEEP_QUESTIONS="text") as address:
        desk = Desk(screen(address))
        _put_in_and_publish(desk, home)
        _replace_and_compare(desk)
        _a_golden_question_stops_a_publication(desk, home)
        _a_gap_becomes_a_document(desk)
        desk.open("log")
        expect(desk.page.locator(".k-checked")).to_be_visible()
        desk.picture("log")
        assert desk.seen.outside == []


def _said(desk: Desk, question: str, **query: str) -> str:
    desk.open("", q=question, **query)
    return " ".join(desk.page.locator("[class*=st-key-said-]").all_inner_texts())


def _publish(desk: Desk, words: str, *, n: int = 1, reason: str = "", state: str = "done") -> None:
    """Publish the n drafts that have these words; with a reason where the gate asks for one."""
    desk.open()
    desk.select(words)
    desk.page.get_by_role("button", name=ja("documents.publish", n=n)).click()
    if reason:
        desk.page.get_by_label(ja("jobs.reason"), exact=True).last.fill(reason)
        desk.page.keyboard.press("Enter")
    button = desk.page.get_by_role("button", name=ja("documents.publish_now"), exact=True)
    expect(button).to_be_enabled()
    button.click()
    desk.done("publish", n, state)


def _add_revision(desk: Desk, text: str) -> None:
    """A text of the guideline that applies from the later day."""
    desk.open()
    desk.select("テレワーク実施要綱")
    desk.page.get_by_role("button", name=ja("documents.open", title="テレワーク実施要綱")).first.click()
    desk.seen.settle()
    desk.page.get_by_text(ja("view.revisions"), exact=True).first.click()
    desk.seen.settle()
    desk.seen.unfold(desk.page.locator(".st-key-add-revision"))
    field = desk.page.locator(".st-key-add-revision [data-testid=stFileUploader] input")
    field.set_input_files([upload("telework-guideline.md", text.encode())])
    expect(desk.page.locator(".st-key-add-revision [data-testid=stFileChip]")).to_be_visible()
    desk.seen.settle()
    desk.day(ja("correct.begins"), str(NEW))
    button = desk.page.locator(".st-key-read-revision button")
    expect(button).to_be_enabled()
    button.click()
    desk.done("add")


def _put_in_and_publish(desk: Desk, home: Path) -> None:
    desk.open()
    desk.hand_in(*twelve(), level="1")
    desk.page.wait_for_selector(".st-key-jobs")
    desk.picture("working")
    desk.done("add", 13)
    read = 12 if not ocr.missing() else 11
    jobs = desk.page.locator(".st-key-jobs")
    expect(jobs).to_contain_text(ja("jobresult.added", n=read))
    expect(jobs).to_contain_text("broken.pdf")
    # checked
    desk.select("")
    desk.page.get_by_role("button", name=ja("documents.check", n=read)).click()
    desk.done("check", read)
    # seen beside its page, and corrected
    desk.select("駐車場")
    desk.page.get_by_role("button", name=ja("documents.open", title="駐車場の使用に関する通達")).click()
    desk.seen.settle()
    desk.page.get_by_text(ja("view.reading"), exact=True).first.click()
    desk.page.wait_for_selector(".st-key-picture img")
    read_from_it = desk.page.locator(".k-structure").inner_text()
    assert "会計課長が行う" in "".join(read_from_it.split())
    desk.picture("vertical")
    desk.page.get_by_text(ja("view.facts"), exact=True).first.click()
    desk.seen.settle()
    _begins(desk, FIRST)
    # the directive on telework applies from that day too: published revisions need days, to be told apart by them
    desk.open()
    desk.select("テレワーク実施要綱")
    desk.page.get_by_role("button", name=ja("documents.open", title="テレワーク実施要綱")).click()
    desk.seen.settle()
    _begins(desk, FIRST)
    # published, with a reason where nobody knows the day
    _publish(desk, "", reason="施行日は原本で確認した", n=read)
    library = Library(Settings(home=home))
    assert len(library.registry.revisions(PUBLISHED)) == read and not library.registry.revisions(DRAFT)
    library.close()
    assert "会計課長" in _said(desk, "駐車場の使用の許可は誰が行いますか")


def _replace_and_compare(desk: Desk) -> None:
    assert "3日を限度" in _said(desk, DAYS)
    new = GUIDELINE.replace("1週間につき3日を限度", "1週間につき4日を限度")
    _add_revision(desk, new)
    # what changed, word by word
    desk.open()
    desk.select(str(NEW))
    desk.page.get_by_role("button", name=ja("documents.open", title="テレワーク実施要綱")).click()
    desk.seen.settle()
    desk.page.get_by_text(ja("view.revisions"), exact=True).first.click()
    desk.page.wait_for_selector(".k-diff")
    assert "".join(desk.page.locator(".k-diff mark.k-gone").all_inner_texts()) == "3"
    assert "".join(desk.page.locator(".k-diff mark.k-come").all_inner_texts()) == "4"
    desk.picture("diff", of=".k-diff")
    _publish(desk, str(NEW))
    # whose answer is another one now: old beside new
    affected = desk.page.locator("[class*=st-key-affected-]").first
    desk.seen.unfold(affected)
    expect(affected.locator(".k-label")).to_have_text(DAYS)
    old, now = affected.locator("tr").last.locator("td").all_inner_texts()
    assert "3日を限度" in old and now.startswith(old.replace("3日を限度", "4日を限度")), "what was cited, as it is now"
    desk.picture("affected", of=".st-key-jobs")
    today, then = _said(desk, DAYS), _said(desk, DAYS, on=str(BETWEEN))
    assert "4日を限度" in today and "3日を限度" not in today
    assert "3日を限度" in then and "4日を限度" not in then


def _a_golden_question_stops_a_publication(desk: Desk, home: Path) -> None:
    _said(desk, DAYS)
    desk.page.get_by_role("button", name=ja("take.golden")).click()
    desk.page.get_by_role("button", name=ja("quality.keep"), exact=True).click()
    expect(desk.page.get_by_text(ja("take.golden_kept"))).to_be_visible()
    desk.open("quality")
    desk.page.get_by_role("button", name=ja("quality.run", n=1)).click()
    desk.done("golden")
    expect(desk.page.locator(".st-key-jobs")).to_contain_text(ja("jobresult.right", n=1))
    desk.picture("quality")
    # a text that takes its place and says nothing of days
    _add_revision(desk, "# テレワーク実施要綱\n\n## 第1 趣旨\n\nこの要綱は、机の配置を定める。\n")
    library = Library(Settings(home=home))
    before = {r.number for r in library.registry.revisions(PUBLISHED)}
    _publish(desk, str(NEW), state="failed")
    stopped = desk.page.locator(".st-key-jobs")
    expect(stopped).to_contain_text(ja("jobs.golden_lost", n=1))
    expect(stopped).to_contain_text(DAYS)
    desk.picture("golden_stops", of=".st-key-jobs")
    assert {r.number for r in library.registry.revisions(PUBLISHED)} == before
    library.close()
    assert "4日を限度" in _said(desk, DAYS)


def _begins(desk: Desk, day: date) -> None:
    """Correct the day from which a document applies."""
    desk.day(ja("correct.begins"), str(day))
    desk.page.get_by_role("button", name=ja("correct.save")).click()
    desk.done("correct")


def _a_gap_becomes_a_document(desk: Desk) -> None:
    assert _said(desk, CRABS) == ""
    desk.open("gaps")
    group = desk.page.locator("[class*=st-key-gap-]").filter(has_text="ズワイガニ").first
    desk.seen.unfold(group)
    group.get_by_text(ja("way.document"), exact=True).click()
    desk.page.wait_for_selector("[data-testid=stFileUploader]")
    desk.picture("gap")
    group.locator("[data-testid=stFileUploader] input").set_input_files([upload("crabs.md", CRAB_RULE.encode())])
    button = group.get_by_role("button", name=ja("gaps.hand_in"))
    expect(button).to_be_enabled()
    button.click()
    expect(desk.page.get_by_text(ja("gaps.when_read"))).to_be_visible()
    desk.open()
    desk.done("add")
    _publish(desk, "ズワイガニ", reason="施行日は原本で確認した")
    assert "百二十トン" in _said(desk, CRABS)
    desk.open("gaps")
    assert "ズワイガニ" not in desk.page.locator(".st-key-gaps").inner_text()
    desk.open("usage")
    desk.page.wait_for_selector("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg")
    desk.picture("usage")
    with desk.page.expect_download() as download:
        desk.page.get_by_role("button", name=ja("csv.cited"), exact=True).click()
    cited = [line.rsplit(",", 2)[1:] for line in download.value.path().read_text(encoding="utf-8-sig").splitlines()]
    assert int(dict(cited)["テレワーク実施要綱"]) > 0 and "0" in dict(cited).values()
