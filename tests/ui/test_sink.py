"""A document full of traps is shown as it is: nothing is fetched, nothing runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from rag.ingest import Ingester
from rag.library import Library
from rag.records import BlockKind, Kind, Source
from rag.settings import Settings
from rag.ui.texts import Words
from tests.ui.conftest import Screen, serving
from tests.ui.documents import build

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

ja = Words("ja")


@pytest.fixture
def sink() -> Iterator[tuple[int, list[str]]]:
    """A server that must never be asked for anything: its port, and what it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()


def test_nothing_is_fetched_and_everything_is_shown_literally(
    screen: Callable[..., Screen], sink: tuple[int, list[str]], tmp_path: Path
) -> None:
    port, asked = sink
    traps = [
        f"<img src=http://127.0.0.1:{port}/image>",
        f"<script>fetch('http://127.0.0.1:{port}/script')</script>",
        f"![alt](http://127.0.0.1:{port}/markdown)",
        f"<a href='javascript:fetch(`http://127.0.0.1:{port}/link`)'>link</a>",
        "[a](javascript:alert(1)) $x^2$ :red[words] :material/home: **bold**",
        f"<style>@import url(http://127.0.0.1:{port}/style)</style>",
        f"</p><iframe src=http://127.0.0.1:{port}/frame></iframe>",
    ]
    trap = traps[0] + traps[2]
    rows = [(BlockKind.TITLE, "", f"旅費{trap}", ()), (BlockKind.HEADING, "", f"宿泊料{trap}", (f"宿泊料{trap}",))]
    rows += [(BlockKind.TEXT, "", f"宿泊料の上限は{number}円とする。{text}", (f"宿泊料{trap}",)) for number, text in enumerate(traps)]
    source = Source(uri="trap.md", title=f"旅費{trap}", issuer=f"会計課{trap}", number=f"第一号{trap}", kind=Kind.MANUAL, level=1)
    home = tmp_path / "home"
    library = Library(Settings(home=home))
    with Ingester(library, clearance=3) as ingester:
        ingester.add(build(rows, source))
        ingester.flush()
    library.close()
    with serving(home) as address:
        seen = screen(address)
        seen.page.on("dialog", lambda dialog: asked.append(f"dialog {dialog.message}"))
        question = f"宿泊料の上限は何円ですか {trap}"
        seen.open(q=question)
        shown = seen.page.locator(".st-key-source").inner_text()
        for text in traps:
            assert "".join(text.split()) in "".join(shown.split())
        assert seen.page.locator("h1").inner_text() == question
        assert seen.page.locator(".st-key-source h3").inner_text() == f"旅費{trap}"
        # Every place that repeats these words: the text to copy, the choice of issuers, the history of questions.
        seen.page.get_by_text(ja("answer.copy")).click()
        seen.page.get_by_role("button", name=ja("ask.filters")).click()
        seen.page.get_by_label(ja("ask.issuers")).last.click()
        seen.page.get_by_role("option").first.wait_for()
        assert seen.page.get_by_role("option").first.inner_text() == f"会計課{trap}"
        seen.page.get_by_role("option").first.click()
        seen.settle()
        seen.page.keyboard.press("Escape")
        seen.page.keyboard.press("Escape")
        seen.press(ja("ask.again"))
        seen.page.locator(".st-key-history-list summary").click()
        earlier = seen.page.locator(".st-key-history-list button").last
        assert earlier.inner_text() == question[:60] if len(question) <= 60 else earlier.inner_text().endswith("…")
        seen.page.wait_for_timeout(2000)
        assert asked == []
        assert seen.outside == []
        inside = seen.page.locator(".stHtml, .st-key-history-list")
        assert inside.locator("img, iframe, a, em, .katex, .stMarkdownColoredText").count() == 0
        assert seen.page.locator("iframe").count() == 0
