"""The screens in a real browser: a Streamlit server on a port of its own, Debian's Chromium with a fresh profile."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, Request, WebSocket, expect, sync_playwright
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

REPOSITORY = Path(__file__).resolve().parents[2]
SWITCHES = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync"
).split()
START_SECONDS = 90
QUIET = """
!document.querySelector(
    '.k-busy, [data-testid=stSkeleton], [data-testid=stStatusWidget], [data-stale=true], [data-test-script-state=running]'
)
&& !document.getAnimations().some(one => one.playState === 'running' && one.effect.getComputedTiming().endTime < Infinity)
"""
"""Nothing is being worked out, and nothing is moving."""

expect.set_options(timeout=60_000)
"""Milliseconds until what is expected must be there: a busy machine takes longer than the five seconds of the library."""


@dataclass
class Screen:
    """A page in the browser, and every address outside the server that it asked for."""

    page: Page
    address: str
    outside: list[str]
    asked: bool = field(default=False, init=False)
    """The browser asked the server for something, and the server is not done with it. Only what passes between them tells:
    the page itself shows that it waits a moment after it was pressed, on a busy machine long after."""

    def __post_init__(self) -> None:
        self.page.on("websocket", self._listen)

    def _listen(self, between: WebSocket) -> None:
        self.asked = False
        between.on("framesent", self._sent)
        between.on("framereceived", self._received)

    def _sent(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes) and BackMsg.FromString(frame).WhichOneof("type") == "rerun_script":
            self.asked = True

    def _received(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            told = ForwardMsg.FromString(frame)
            if told.WhichOneof("type") == "script_finished" and told.script_finished != ForwardMsg.FINISHED_EARLY_FOR_RERUN:
                self.asked = False

    def open(self, **query: str) -> None:
        """Go to the page and wait until it is drawn."""
        self.page.goto(f"{self.address}/?{urllib.parse.urlencode(query)}")
        self.settle()

    def settle(self) -> None:
        """Wait until nothing is being worked out or drawn."""
        self.page.wait_for_selector(".stHtml h1, .stHtml h2", timeout=90_000)
        self.page.wait_for_timeout(300)
        until = time.monotonic() + 90
        while self.asked and time.monotonic() < until:
            self.page.wait_for_timeout(50)
        self.until(QUIET)

    def until(self, expression: str) -> None:
        """Wait until this is true in the page. The page's policy lets no text become a script there, so it is asked from outside,
        again and again: Playwright's own wait_for_function is refused."""
        until = time.monotonic() + 90
        while not self.page.evaluate(expression):
            assert time.monotonic() < until, f"this did not become true: {expression}"
            self.page.wait_for_timeout(50)

    def unfold(self, where: Locator) -> None:
        """Open what is folded there, and wait until nothing moves: what is pressed while it moves away is not pressed."""
        where.locator("summary").click()
        self.settle()

    def press(self, name: str) -> None:
        """Press the button of this name and wait."""
        self.page.get_by_role("button", name=name, exact=True).click()
        self.settle()

    def marked(self, where: str) -> str:
        """The marked words of the answer ("said") or the source ("source"), one after the other."""
        inside = ".st-key-source" if where == "source" else "[class*=st-key-said-], [class*=st-key-near-]"
        return "".join(self.page.locator(f":is({inside}) mark").all_inner_texts())


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(home: Path, **environment: str) -> Iterator[str]:
    """The app on a port of its own, with its library in ``home``; gives its address."""
    port = free_port()
    log = home.parent / f"server-{port}.log"
    # Its own HOME, so that no settings of the person who runs the tests take part.
    values = {**os.environ, "KONKYO_HOME": str(home), "HOME": str(home.parent), **environment}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)]
    with log.open("wb") as out:
        server = subprocess.Popen(command, cwd=REPOSITORY, env=values, stdout=out, stderr=out, start_new_session=True)
    try:
        _wait(port, server, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):  # it did not start
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait(10)


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=2) as reply:
                if reply.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError(f"the server did not start: {log.read_text(errors='replace')[-2000:]}")


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    if executable is None:
        pytest.skip("Chromium is not installed. On Debian: apt-get install chromium fonts-noto-cjk")
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=SWITCHES)
        yield launched
        launched.close()


@pytest.fixture
def screen(browser: Browser) -> Iterator[Callable[..., Screen]]:
    """Makes a screen: ``screen(address, locale="en-GB", width=800)``. Each has a fresh profile."""
    contexts = []
    blocked: list[str] = []

    def make(address: str, *, locale: str = "ja-JP", width: int = 1280, scheme: Literal["light", "dark"] = "light") -> Screen:
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=locale, color_scheme=scheme, permissions=["clipboard-read", "clipboard-write"]
        )
        contexts.append(context)
        context.set_default_timeout(90_000)
        page = context.new_page()
        outside: list[str] = []

        def note(request: Request) -> None:
            if not request.url.startswith((address, "data:", "blob:", address.replace("http", "ws"))):
                outside.append(request.url)

        page.on("request", note)
        page.on("console", lambda message: blocked.append(message.text) if "Content Security Policy" in message.text else None)
        return Screen(page=page, address=address, outside=outside)

    yield make
    for context in contexts:
        context.close()
    assert blocked == [], "the page needs what its policy forbids"


@pytest.fixture(scope="session")
def sample_address(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app over a copy of the sample library. Tests only read there."""
    home = tmp_path_factory.mktemp("served") / "home"
    shutil.copytree(sample_home, home)
    with serving(home) as address:
        yield address
