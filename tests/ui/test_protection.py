"""Other pages of the same browser get nothing from the page; the page itself works under its policy, every part of it."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from rag.ui import protection, scripts
from rag.ui.texts import Words
from tests.serve.test_served import WATCH
from tests.ui.conftest import SWITCHES, Screen, serving

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ja = Words("ja")
SUBSIDY = "補助金の実績報告書の提出期限はいつですか"
PARTS = {
    "socket": """address => new Promise(done => {
        const socket = new WebSocket(address.replace('http', 'ws') + '/_stcore/stream', ['streamlit']);
        socket.onopen = () => done('open');
        socket.onerror = () => done('refused');
    })""",
    "read": "address => fetch(address + '/_stcore/host-config').then(reply => reply.text(), () => 'refused')",
    "credentials": "address => fetch(address + '/', {credentials: 'include'}).then(reply => reply.text(), () => 'refused')",
    "upload": """address => fetch(address + '/_stcore/upload_file/a/b', {method: 'PUT', body: 'x'})
        .then(reply => reply.text(), () => 'refused')""",
    "picture": """address => new Promise(done => {
        const picture = new Image();
        picture.onload = () => done('shown');
        picture.onerror = () => done('refused');
        picture.src = address + '/favicon.png';
    })""",
    "script": """address => new Promise(done => {
        const script = document.createElement('script');
        script.onload = () => done('run');
        script.onerror = () => done('refused');
        script.src = address + '/SCRIPT';
        document.body.append(script);
    })""".replace("SCRIPT", re.findall(r'src="\./(static/js/[^"]+)"', protection.INDEX.read_text(encoding="utf-8"))[0]),
}
"""What a page can try on another server: source of a function that takes the server's address."""


@pytest.fixture
def other(browser: Browser) -> Iterator[Page]:
    """A page of another program on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>other</title><body>other")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"http://127.0.0.1:{server.server_port}/")
    yield page
    context.close()
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("part", PARTS)
def test_a_page_at_another_port_gets_nothing(other: Page, sample_address: str, part: str) -> None:
    for address in (sample_address, sample_address.replace("127.0.0.1", "localhost")):
        assert other.evaluate(PARTS[part], address) == "refused"


def test_the_page_cannot_be_framed(other: Page, sample_address: str) -> None:
    with other.expect_response(lambda reply: reply.url.startswith(sample_address)):
        other.evaluate("address => { document.body.innerHTML = `<iframe src='${address}'></iframe>`; }", sample_address)
    other.wait_for_timeout(1500)
    (frame,) = other.main_frame.child_frames
    assert frame.url.startswith("chrome-error://")


def test_a_name_that_was_made_to_lead_here(browser: Browser, sample_address: str) -> None:
    port = sample_address.rpartition(":")[2]
    rebound = browser.browser_type.launch(
        executable_path=shutil.which("chromium") or shutil.which("chromium-browser"),
        args=[*SWITCHES, "--host-resolver-rules=MAP attacker.example 127.0.0.1"],
    )
    page = rebound.new_page()
    reply = page.goto(f"http://attacker.example:{port}/")
    assert reply and reply.status == 421
    assert page.inner_text("body").strip() == f"{ja('serve.wrong_host')}\n{Words('en')('serve.wrong_host')}"
    assert page.evaluate(PARTS["socket"], f"http://attacker.example:{port}") == "refused"
    assert page.evaluate("address => fetch(address).then(reply => reply.status)", "/_stcore/host-config") == 421
    rebound.close()


def test_every_kind_of_part_works_under_the_policy(screen: Callable[..., Screen], sample_home: Path, tmp_path: Path) -> None:
    # The screen fixture fails a test whose page was kept from something by its policy.
    home = tmp_path / "home"
    shutil.copytree(sample_home, home)
    (tmp_path / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    tried = tmp_path / "tried.txt"
    with serving(home, KONKYO_KEEP_QUESTIONS="text", PYTHONPATH=str(tmp_path), TRIED=str(tried)) as address:
        seen = screen(address)
        page = seen.page
        page.add_init_script("delete window.showSaveFilePicker")  # else the browser asks where to, outside the page
        seen.open(q=SUBSIDY, kind="guideline")
        row = page.locator("[class*=st-key-said-]").filter(has_text="ページ").first
        if row.locator(".k-open").count() == 0:
            row.get_by_role("button").first.click()
        picture = page.locator(".st-key-picture img")
        picture.wait_for()
        seen.settle()
        assert picture.evaluate("one => one.naturalWidth") > 100, "a page of a PDF"
        with page.expect_download() as download:
            page.get_by_role("button", name=ja("source.download")).click()
        assert download.value.path().stat().st_size > 1000
        _open(seen, "documents")
        table = page.locator("[data-testid=stDataFrame]").first
        expect(table.locator("canvas").first).to_be_visible()
        table.hover()
        with page.expect_download() as download:
            page.get_by_role("button", name="Download as CSV").first.click()
        assert "旅費" in download.value.path().read_text(encoding="utf-8")
        _upload(seen)
        for name in ("gaps", "quality", "usage", "log"):
            _open(seen, name)
        with page.expect_download():
            page.locator("[data-testid=stDownloadButton] button").first.click()
        _open(seen, "usage")
        expect(page.locator("[data-testid=stVegaLiteChart] :is(canvas, svg)").first).to_be_visible()
        assert seen.outside == []
    assert not tried.exists(), f"the server reached for {tried.read_text(encoding='utf-8')}"


def _open(seen: Screen, name: str) -> None:
    seen.page.goto(f"{seen.address}/{name}")
    seen.settle()


def _upload(seen: Screen) -> None:
    file = FilePayload(name="parking.md", mimeType="text/markdown", buffer="# 駐車場の要領\n\n第一条　駐車場は無料とする。\n".encode())
    with seen.page.expect_response(lambda reply: "/upload_file/" in reply.url and reply.request.method == "PUT") as uploaded:
        seen.page.locator("[data-testid=stFileUploader] input").first.set_input_files([file])
    assert uploaded.value.status == 204
    seen.settle()


def test_a_script_that_is_not_ours_does_not_run(screen: Callable[..., Screen], browser: Browser, sample_address: str) -> None:
    context = browser.new_context()  # not a screen's: here the policy is meant to forbid
    page = context.new_page()
    page.goto(sample_address)
    page.wait_for_selector(".stHtml h1")
    assert page.evaluate("document.documentElement.lang") in ("ja", "en"), "ours runs"
    tries = """() => {
        const script = document.createElement('script');
        script.textContent = 'window.taken = true';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.taken = true">');
        const link = document.createElement('a');
        link.href = 'javascript:window.taken = true';
        document.body.append(link);
        link.click();
    }"""
    page.evaluate(tries)
    page.wait_for_timeout(500)
    assert page.evaluate("window.taken") is None
    far = "address => fetch(address).then(() => 'sent', () => 'refused')"
    assert page.evaluate(far, "http://127.0.0.1:9/") == "refused"
    context.close()


def test_every_script_is_named_in_the_policy() -> None:
    rules: dict[str, Any] = dict(rule.strip().split(" ", 1) for rule in protection.policy().split(";"))
    assert scripts.ALL
    assert [script for script in scripts.ALL if scripts.digest(script) not in rules["script-src"].split()] == []
