"""Every state that an answer can be in, in a real browser. With KONKYO_SCREENSHOTS=FOLDER a picture of each is written there."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from rag.export.check import load
from rag.ui.texts import Words
from tests.lies import Plan, Request, faithful, made_up, mode
from tests.lying_model import LyingModel
from tests.ui.conftest import Screen, serving
from tests.ui.test_browser import CONTRAST, FEES, LAPTOP, NONSENSE

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ja, en = Words("ja"), Words("en")
Make = Callable[..., Screen]
SLOW = "旅費の請求の期限はいつですか"


@mode("mixed")
def mixed(request: Request) -> list[Plan]:
    """Two faithful sentences, one that adds something, one that is made up."""
    true = faithful(request)
    more = [Plan(text=f"{true[-1].text.rstrip('。.')}が、窓口の混雑にも注意してください。", numbers=true[-1].numbers, lie="words")]
    return [*true[:2], *more, *made_up(request)[:1]]


@pytest.fixture(scope="module")
def model() -> Iterator[LyingModel]:
    with LyingModel(pause=0.02) as running:
        yield running


@pytest.fixture(scope="module")
def written_address(sample_home: Path, tmp_path_factory: pytest.TempPathFactory, model: LyingModel) -> Iterator[str]:
    """The app with a language model."""
    home = tmp_path_factory.mktemp("written") / "home"
    shutil.copytree(sample_home, home)
    with serving(home, KONKYO_LLM_URL=model.url, KONKYO_LLM_MODEL="mixed", KONKYO_LLM_KEY="secret", KONKYO_LLM_SECONDS="30") as address:
        yield address


def picture(seen: Screen, name: str) -> None:
    """Write a picture of the whole page, where somebody wants them."""
    if folder := os.environ.get("KONKYO_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        seen.page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def sound(seen: Screen) -> None:
    """Readable, in order, nothing cut off, nothing from elsewhere."""
    assert seen.page.evaluate(CONTRAST) == []
    levels = seen.page.evaluate("[...document.querySelectorAll('h1, h2, h3')].map(h => Number(h.tagName[1]))")
    assert levels.count(1) == 1
    main = "document.querySelector('[data-testid=stMain]')"
    assert seen.page.evaluate(f"{main}.scrollWidth <= {main}.clientWidth")
    assert seen.outside == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (800, "light"), (1280, "dark")])
@pytest.mark.parametrize(("locale", "question"), [("ja-JP", FEES), ("en-GB", LAPTOP)])
def test_quoted(screen: Make, sample_address: str, width: int, scheme: str, locale: str, question: str) -> None:
    if scheme == "dark" and locale == "en-GB":
        pytest.skip("the dark scheme does not depend on the language")
    seen = screen(sample_address, width=width, scheme=scheme, locale=locale)
    seen.open(q=question)
    t = ja if locale == "ja-JP" else en
    assert seen.page.get_by_text(t("answer.heading"), exact=True).is_visible()
    assert seen.page.locator(".k-force").first.inner_text()
    sound(seen)
    picture(seen, f"quoted-{locale[:2]}-{width}-{scheme}")


def test_refused(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q=NONSENSE)
    assert seen.page.get_by_role("button", name=ja("take.evidence")).is_visible()
    assert seen.page.get_by_role("button", name=ja("take.word")).count() == 0
    sound(seen)
    picture(seen, "refused")


def test_false_premise(screen: Make, sample_address: str) -> None:
    seen = screen(sample_address)
    seen.open(q="公共サービス提供基準法第999条は何を定めていますか")
    assert seen.page.locator(".k-premise, .k-refusal").first.is_visible()
    sound(seen)
    picture(seen, "false-premise")


def test_conversation(screen: Make, sample_address: str) -> None:
    """A follow-up is asked with its subject, says so, can be asked alone and together again, and survives a reload."""
    seen = screen(sample_address)
    seen.open(q=FEES)
    seen.page.get_by_label(ja("ask.more"), exact=True).fill("それは誰が決めますか")
    seen.page.keyboard.press("Enter")
    understood = ja("ask.understood", question="（手数料の免除）それは誰が決めますか")
    seen.page.get_by_text(understood, exact=True).wait_for()
    seen.settle()
    assert seen.page.locator("h1").inner_text() == "それは誰が決めますか"
    assert seen.page.locator(".st-key-thread button").all_inner_texts() == [FEES]
    sound(seen)
    picture(seen, "conversation")
    seen.press(ja("ask.alone"))
    assert seen.page.get_by_text(understood, exact=True).count() == 0
    seen.press(ja("ask.together"))
    assert seen.page.get_by_text(understood, exact=True).is_visible()
    seen.page.reload()
    seen.settle()
    assert seen.page.get_by_text(understood, exact=True).is_visible()


def test_taking_an_answer_away(screen: Make, sample_address: str, tmp_path: Path) -> None:
    seen = screen(sample_address)
    seen.open(q=FEES)
    files = {}
    for key, ending in (("take.word", ".docx"), ("take.markdown", ".md"), ("take.evidence", ".json")):
        with seen.page.expect_download() as waiting:
            seen.page.get_by_role("button", name=ja(key)).click()
        files[ending] = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(files[ending])
        assert files[ending].suffix == ending and files[ending].name.startswith("Konkyo_")
    assert "word/footnotes.xml" in zipfile.ZipFile(files[".docx"]).namelist()
    text = files[".md"].read_text(encoding="utf-8")
    assert "[^1]: 公共サービス提供基準法" in text
    link = text.split("(<", 1)[1].split(">)", 1)[0]
    assert link.startswith(sample_address)
    assert parse_qs(urlsplit(link).query)["q"] == [FEES]
    assert load(files[".json"])["question"] == FEES
    seen.press(ja("verdict.right"))
    assert seen.page.get_by_text(ja("verdict.thanks")).is_visible()


def test_written(screen: Make, written_address: str, tmp_path: Path) -> None:
    seen = screen(written_address)
    seen.open(q=FEES)
    seen.page.get_by_text(ja("answer.written"), exact=True).wait_for()
    seen.settle()
    shown = seen.page.locator(".st-key-ask").inner_text()
    assert ja("answer.is_supported") in shown
    picture(seen, "written")
    left = seen.page.locator(".st-key-left-out")
    seen.unfold(left)
    picture(seen, "left-out")
    sound(seen)
    with seen.page.expect_download() as waiting:
        seen.page.get_by_role("button", name=ja("take.evidence")).click()
    file = tmp_path / "pack.json"
    waiting.value.save_as(file)
    pack = load(file)
    assert pack["answer"]["mode"] == "write" and "secret" not in json.dumps(pack)


def test_stopping(screen: Make, written_address: str, model: LyingModel) -> None:
    seen = screen(written_address)
    model.pause = 0.5
    try:
        seen.page.goto(f"{written_address}/?q={SLOW}")
        stop = seen.page.get_by_role("button", name=ja("ask.stop"), exact=True)
        stop.wait_for(timeout=60_000)
        picture(seen, "working")
        stop.click()
        seen.page.get_by_text(ja("ask.stopped"), exact=True).wait_for()
    finally:
        model.pause = 0.02
    seen.settle()
    sound(seen)
    picture(seen, "stopped")
    seen.press(ja("ask.go_on"))
    seen.page.get_by_text(ja("answer.heading"), exact=True).wait_for(timeout=60_000)


def test_model_down(screen: Make, sample_home: Path, tmp_path: Path) -> None:
    shutil.copytree(sample_home, tmp_path / "home")
    with serving(tmp_path / "home", KONKYO_LLM_URL="http://127.0.0.1:9/v1", KONKYO_LLM_MODEL="m", KONKYO_LLM_SECONDS="5") as address:
        seen = screen(address)
        seen.open(q=FEES)
        seen.page.get_by_text(ja("instead.unreachable")).wait_for()
        seen.settle()
        assert seen.page.locator("[class*=st-key-said-]").count()
        sound(seen)
        picture(seen, "model-down")
