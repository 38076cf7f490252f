"""The page's server, started as people start it and asked as other programs and pages ask: only by its names, only from its page."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import urllib.parse
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.ui.conftest import serving

pytestmark = pytest.mark.xdist_group("browser")

STREAM = "/_stcore/stream"
UPLOAD = "/_stcore/upload_file/session/file"
EVERY_ROUTE = (
    "/",
    "/log",
    "/_stcore/health",
    "/_stcore/host-config",
    "/_stcore/metrics",
    "/_stcore/agent/openapi.json",
    "/media/0.png",
    "/component/none/index.html",
    "/_stcore/bidi-components/none/index.js",
    "/favicon.png",
    "/static/none.js",
    "/app/static/none",
    "/?q=旅費",
)
WATCH = """
import os, sys

def watch(event, arguments):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        address = arguments[1]
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        address = (arguments[0],)
    else:
        return
    if isinstance(address, tuple) and address[0] not in (None, "127.0.0.1", "::1", "localhost"):
        with open(os.environ["TRIED"], "a", encoding="utf-8") as out:
            out.write(f"{event} {address!r}\\n")

sys.addaudithook(watch)
"""
"""A sitecustomize module: what the server's process, and all that it starts, tries to reach outside this machine is written down."""


class Reply(NamedTuple):
    """What came back."""

    status: int
    headers: dict[str, list[str]]
    body: str


class Server(NamedTuple):
    """A server that runs."""

    port: int
    log: Path
    tried: Path


def ask(port: int, *lines: str, to: str = "127.0.0.1") -> Reply:
    """Send these lines as they are, and read what comes back until nothing more does."""
    with socket.create_connection((to, port), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        while b"\r\n\r\n" not in received and (piece := connection.recv(65_536)):
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        status, *fields = head.decode("latin-1").split("\r\n")
        headers: dict[str, list[str]] = {}
        for field in fields:
            name, _, value = field.partition(":")
            headers.setdefault(name.lower(), []).append(value.strip())
        length = int(headers.get("content-length", ["0"])[0])
        while len(body) < length and (piece := connection.recv(65_536)):
            body += piece
    return Reply(int(status.split()[1]), headers, body.decode(errors="replace"))


def get(port: int, path: str, *headers: str) -> Reply:
    return ask(port, f"GET {urllib.parse.quote(path, safe='/?=')} HTTP/1.1", *headers)


def handshake(port: int, *headers: str, path: str = STREAM, to: str = "127.0.0.1") -> int:
    """The status that answers a WebSocket's opening: 101 lets it drive the page."""
    key = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==", "Sec-WebSocket-Version: 13")
    return ask(port, f"GET {path} HTTP/1.1", *headers, *key, "Sec-WebSocket-Protocol: streamlit", to=to).status


@pytest.fixture(scope="module")
def watching(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("watching")
    (folder / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    return folder


def started(folder: Path, watching: Path, **environment: str) -> Iterator[Server]:
    tried = folder / "tried.txt"
    with serving(folder / "home", PYTHONPATH=str(watching), TRIED=str(tried), **environment) as address:
        port = int(address.rpartition(":")[2])
        yield Server(port, folder / f"server-{port}.log", tried)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, watching: Path) -> Iterator[Server]:
    """The server as it comes."""
    yield from started(tmp_path_factory.mktemp("served"), watching)


@pytest.fixture(scope="module")
def named(tmp_path_factory: pytest.TempPathFactory, watching: Path) -> Iterator[Server]:
    """The server with names of its own, listening to every address, as behind a proxy or in a container."""
    hosts = "Konkyo.Example, desk.example:8443, secure.example:443"
    yield from started(tmp_path_factory.mktemp("named"), watching, KONKYO_HOSTS=hosts, STREAMLIT_SERVER_ADDRESS="0.0.0.0")


# ------------------------------------------------------------ names


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_a_page_of_another_name_is_told_nothing(server: Server, path: str) -> None:
    # DNS rebinding: the name of an attacker's page suddenly leads to this machine.
    reply = get(server.port, path, f"Host: attacker.example:{server.port}")
    assert reply.status == 421
    assert "attacker" not in reply.body and len(reply.body) < 300
    assert reply.headers["content-type"] == ["text/plain; charset=utf-8"]
    assert reply.headers["x-content-type-options"] == ["nosniff"]
    assert get(server.port, path, f"Host: 127.0.0.1:{server.port}").status != 421


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_no_method_goes_round_the_name(server: Server, method: str) -> None:
    own = f"http://127.0.0.1:{server.port}"
    reply = ask(server.port, f"{method} {UPLOAD} HTTP/1.1", "Host: attacker.example", f"Origin: {own}", "Content-Length: 0")
    assert reply.status == 421


@pytest.mark.parametrize("host", ["127.0.0.1:{}", "localhost:{}", "LOCALHOST:{}", "localhost.:{}", "[::1]:{}", "[0:0:0:0:0:0:0:1]:{}"])
def test_its_own_names(server: Server, host: str) -> None:
    asked = host.format(server.port)
    assert get(server.port, "/_stcore/health", f"Host: {asked}").status == 200
    assert handshake(server.port, f"Host: {asked}", f"Origin: http://{asked}") == 101


@pytest.mark.parametrize(
    "lines",
    [
        ("Host: 127.0.0.1",),
        ("Host: 127.0.0.1:1",),
        ("Host: 127.0.0.1:{port}0",),
        ("Host: 127.0.0.1:+{port}",),
        ("Host: 127.0.0.1:{port} x",),
        ("Host: 127.0.0.1:{port}, attacker.example",),
        ("Host: user@127.0.0.1:{port}",),
        ("Host: 127.0.0.1:{port}/x",),
        ("Host: 127.0.0.1.attacker.example:{port}",),
        ("Host: localhost..:{port}",),
        ("Host: 0.0.0.0:{port}",),
        ("Host: 127.0.0.2:{port}",),
        ("Host: [::2]:{port}",),
        ("Host: ::1",),
        ("Host: [::1:{port}",),
        ("Host: localhost\xe9:{port}",),
        ("Host:",),
        ("Host: attacker.example", "X-Forwarded-Host: 127.0.0.1:{port}", "Forwarded: host=127.0.0.1:{port}"),
        ("Host: attacker.example", "Host: 127.0.0.1:{port}"),
        ("Host: 127.0.0.1:{port}", "Host: attacker.example"),
        ("Host: 127.0.0.1:{port}", "Host: 127.0.0.1:{port}"),
        (),
    ],
    ids=str,
)
def test_no_other_name_however_it_is_written(server: Server, lines: tuple[str, ...]) -> None:
    headers = [line.format(port=server.port) for line in lines]
    assert get(server.port, "/_stcore/health", *headers).status in (400, 421)
    assert handshake(server.port, *headers, f"Origin: http://127.0.0.1:{server.port}") in (400, 403, 421)


def test_http_1_0_without_a_name(server: Server) -> None:
    assert ask(server.port, "GET /_stcore/health HTTP/1.0").status == 421
    assert ask(server.port, "GET /_stcore/health HTTP/1.0", f"Host: localhost:{server.port}").status == 200


def test_names_of_ones_own(named: Server) -> None:
    port = named.port
    for host, seen in {
        "konkyo.example": 200,
        "KONKYO.example.": 200,
        "konkyo.example:80": 200,
        "konkyo.example:443": 200,
        f"konkyo.example:{port}": 200,
        "konkyo.example:81": 421,
        "www.konkyo.example": 421,
        "desk.example:8443": 200,
        "desk.example": 421,
        f"desk.example:{port}": 421,
        "secure.example": 200,
        f"localhost:{port}": 200,
        f"0.0.0.0:{port}": 421,
        "attacker.example": 421,
    }.items():
        assert get(port, "/_stcore/health", f"Host: {host}").status == seen, host


# ------------------------------------------------------------ origins


FOREIGN = (
    "http://attacker.example",
    "http://127.0.0.1:1",
    "http://127.0.0.1",
    "http://localhost:3000",
    "https://127.0.0.1:{port}",
    "http://localhost:{port}",  # this page as well, and yet another origin than the one that is asked
    "http://0.0.0.0:{port}",
    "http://127.0.0.1:{port}.attacker.example",
    "http://127.0.0.1:{port}/",
    "http://user@127.0.0.1:{port}",
    "127.0.0.1:{port}",
    "chrome-extension://127.0.0.1:{port}",
    "null",
    "",
)


@pytest.mark.parametrize("origin", FOREIGN)
def test_another_page_drives_nothing(server: Server, origin: str) -> None:
    headers = (f"Host: 127.0.0.1:{server.port}", f"Origin: {origin.format(port=server.port)}")
    assert handshake(server.port, *headers) == 403
    assert handshake(server.port, *headers, path="/elsewhere") == 403
    for method in ("PUT", "DELETE", "POST", "OPTIONS", "GET"):
        reply = ask(server.port, f"{method} {UPLOAD} HTTP/1.1", *headers, "Content-Length: 0")
        assert reply.status == 403, method
        assert not [name for name in reply.headers if name.startswith("access-control")]


def test_who_does_not_say_where_from_drives_nothing(server: Server) -> None:
    host = f"Host: 127.0.0.1:{server.port}"
    assert handshake(server.port, host) == 403
    assert handshake(server.port, host, f"Origin: http://127.0.0.1:{server.port}", "Origin: http://attacker.example") in (400, 403)
    for method in ("PUT", "DELETE", "POST", "PATCH"):
        assert ask(server.port, f"{method} {UPLOAD} HTTP/1.1", host, "Content-Length: 0").status == 403


def test_no_option_of_streamlit_opens_what_is_closed(tmp_path: Path, watching: Path) -> None:
    off = {f"STREAMLIT_SERVER_{name}": "false" for name in ("ENABLE_CORS", "ENABLE_XSRF_PROTECTION")}
    for one in started(tmp_path, watching, **off, STREAMLIT_SERVER_CORS_ALLOWED_ORIGINS="http://attacker.example"):
        host = f"Host: 127.0.0.1:{one.port}"
        assert handshake(one.port, host, "Origin: http://attacker.example") == 403
        assert handshake(one.port, "Host: attacker.example", "Origin: http://attacker.example") == 403
        assert ask(one.port, f"PUT {UPLOAD} HTTP/1.1", host, "Origin: http://attacker.example", "Content-Length: 0").status == 403
        allowed = get(one.port, "/_stcore/health", host)
        assert allowed.status == 200 and "access-control-allow-origin" not in allowed.headers


def test_the_page_itself_may(server: Server) -> None:
    host, origin = f"Host: 127.0.0.1:{server.port}", f"Origin: http://127.0.0.1:{server.port}"
    assert handshake(server.port, host, origin) == 101
    reply = ask(server.port, f"PUT {UPLOAD} HTTP/1.1", host, origin, "Content-Length: 0")
    assert (reply.status, reply.body) == (403, "XSRF token missing or invalid"), "and the token is asked for besides"


def test_an_origin_behind_a_proxy(named: Server) -> None:
    port = named.port
    assert handshake(port, "Host: konkyo.example", "Origin: https://konkyo.example") == 101
    assert handshake(port, "Host: konkyo.example", "Origin: http://konkyo.example") == 101
    assert handshake(port, "Host: desk.example:8443", "Origin: https://desk.example:8443") == 101
    assert handshake(port, "Host: secure.example", "Origin: https://secure.example") == 101
    assert handshake(port, "Host: secure.example", "Origin: http://secure.example") == 403
    assert handshake(port, "Host: konkyo.example", "X-Forwarded-Proto: https", "Origin: http://konkyo.example") == 403
    assert handshake(port, "Host: konkyo.example", "Origin: https://desk.example:8443") == 403
    assert handshake(port, "Host: konkyo.example", f"Origin: http://localhost:{port}") == 403


# ------------------------------------------------------------ headers


@pytest.mark.parametrize("path", EVERY_ROUTE)
def test_every_answer_says_what_may_be_done_with_it(server: Server, path: str) -> None:
    headers = get(server.port, path, f"Host: localhost:{server.port}").headers
    assert headers["x-frame-options"] == ["DENY"]
    assert headers["x-content-type-options"] == ["nosniff"]
    assert headers["referrer-policy"] == ["same-origin"]
    assert headers["cross-origin-opener-policy"] == headers["cross-origin-resource-policy"] == ["same-origin"]
    assert not [name for name in headers if name.startswith("access-control")]
    (policy,) = headers["content-security-policy"]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["frame-ancestors"] == rules["object-src"] == rules["default-src"] == "'none'"
    assert rules["base-uri"] == rules["form-action"] == "'self'"
    assert "unsafe" not in rules["script-src"]
    assert rules["connect-src"] == f"'self' ws://localhost:{server.port} wss://localhost:{server.port}"
    sources = {source for name, rule in rules.items() if name != "connect-src" for source in rule.split()}
    assert {source for source in sources if not source.startswith("'")} == {"data:", "blob:"}, "no other machine"


# ------------------------------------------------------------ look-ups and the log


def test_a_foreign_origin_makes_the_server_look_up_nothing(server: Server, named: Server) -> None:
    for one in (server, named):
        handshake(one.port, f"Host: 127.0.0.1:{one.port}", "Origin: http://attacker.example")
        handshake(one.port, f"Host: localhost:{one.port}", f"Origin: http://localhost.:{one.port}")
        handshake(one.port, f"Host: LOCALHOST.:{one.port}", f"Origin: http://LOCALHOST.:{one.port}")
        handshake(one.port, f"Host: [0::1]:{one.port}", f"Origin: http://[0::1]:{one.port}")
        assert not one.tried.exists(), one.tried.read_text(encoding="utf-8")


def test_the_watch_sees_what_is_tried(watching: Path, tmp_path: Path) -> None:
    tried = tmp_path / "tried.txt"
    environment = {**os.environ, "PYTHONPATH": str(watching), "TRIED": str(tried)}
    subprocess.run([sys.executable, "-c", "from streamlit import net_util; net_util.get_internal_ip()"], env=environment, check=True)
    assert "8.8.8.8" in tried.read_text(encoding="utf-8")


def test_what_is_refused_is_in_the_log_without_the_question(server: Server) -> None:
    get(server.port, "/?q=secret-question", "Host: told-to-nobody.example")
    get(server.port, "/?q=secret-question", f"Host: 127.0.0.1:{server.port}", "Origin: http://other-page.example")
    log = server.log.read_text(encoding="utf-8")
    assert "told-to-nobody.example" in log and "KONKYO_HOSTS" in log, "whoever runs the server sees which name is missing"
    assert "other-page.example" in log
    assert "secret-question" not in log


def test_a_wrong_name_in_the_settings_starts_nothing(tmp_path: Path) -> None:
    said = r"KONKYO_HOSTS names 'http://konkyo\.example'; write host or host:port"
    with pytest.raises(RuntimeError, match=said), serving(tmp_path / "home", KONKYO_HOSTS="http://konkyo.example"):
        pass
