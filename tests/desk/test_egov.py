"""Laws from e-Gov, against a server on this machine that speaks its shapes; switched off and offline it says so."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from rag.desk import jobs, work
from rag.desk.egov import fetch
from rag.errors import FetchFailed
from rag.registry import DRAFT
from tests.conftest import CORPUS, TODAY
from tests.small import library_at
from tests.ui.conftest import free_port

LAW = (CORPUS / "ja" / "act_20250401.xml").read_bytes()
ID, NUMBER, TITLE = "325AC0000000131", "昭和二十五年法律第百三十一号", "電波法"
REVISION = f"{ID}_20250601_504AC0000000068"
OTHERS = {"325CO0000000297": "電波法施行令", "325M50080000014": "電波法施行規則"}


class Laws:
    """Answers as e-Gov's law API does, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.broken: tuple[int, bytes] | None = None
        laws = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                laws.asked.append(self.path)
                status, body = laws.broken or laws.answer(self.path)
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, path: str) -> tuple[int, bytes]:
        parts = urlsplit(path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/api/2/laws":
            laws = {ID: TITLE, **OTHERS}
            found = [
                {
                    "law_info": {"law_id": id, "law_num": NUMBER},
                    "revision_info": {"law_title": name},
                    "current_revision_info": {"law_title": name},
                }
                for id, name in laws.items()
                if query["law_title"] in name
            ]
            return 200, json.dumps({"total_count": len(found), "count": len(found), "laws": found}).encode()
        which = unquote(parts.path.removeprefix("/api/2/law_data/"))
        if which not in (ID, NUMBER, REVISION) or query.get("law_full_text_format") != "xml":
            return 404, json.dumps({"code": "404001", "message": "該当する法令が存在しません"}).encode()
        about = {"law_info": {"law_id": ID, "law_num": NUMBER}, "revision_info": {"law_revision_id": REVISION, "law_title": TITLE}}
        return 200, json.dumps({**about, "law_full_text": base64.b64encode(LAW).decode()}).encode()


@pytest.fixture
def laws() -> Iterator[Laws]:
    running = Laws()
    yield running
    running.server.shutdown()
    running.server.server_close()


@pytest.mark.parametrize("wanted", [ID, NUMBER, REVISION, TITLE, f" {TITLE} "])
def test_a_law_by_its_id_number_or_name(laws: Laws, wanted: str) -> None:
    law = fetch(laws.address, wanted)
    assert (law.name, law.title, law.data) == (f"{REVISION}.xml", TITLE, LAW)


def test_names_that_are_not_enough(laws: Laws) -> None:
    assert fetch(laws.address, "電波法").title == "電波法", "exactly this name, though others hold it"
    with pytest.raises(FetchFailed, match=r"Several laws have '電波' in their names: 電波法 \(325AC0000000131\)、電波法施行令"):
        fetch(laws.address, "電波")
    with pytest.raises(FetchFailed, match="e-Gov has no law named '宇宙法'"):
        fetch(laws.address, "宇宙法")
    with pytest.raises(FetchFailed, match="e-Gov has no law '昭和元年法律第一号'"):
        fetch(laws.address, "昭和元年法律第一号")


def test_switched_off_nothing_is_asked(laws: Laws) -> None:
    with pytest.raises(FetchFailed, match="switched off, so nothing leaves this machine"):
        fetch("", ID)
    assert laws.asked == []


def test_offline() -> None:
    with pytest.raises(FetchFailed, match="cannot be reached .*is this machine on a closed network"):
        fetch(f"http://127.0.0.1:{free_port()}", ID)
    with pytest.raises(FetchFailed, match="cannot be reached"):
        fetch("laws.e-gov.go.jp", ID)


@pytest.mark.parametrize(
    ("broken", "message"),
    [
        ((503, b""), "answered with status 503"),
        ((302, b""), "answered with status 302"),
        ((200, b"<html>log in first</html>"), "answered what is not JSON"),
        ((200, b"[]"), "answered what is no law"),
        ((200, b"{}"), "answered what is no law"),
        ((200, b'{"revision_info": {"law_revision_id": "../x", "law_title": "x"}, "law_full_text": "eA=="}'), "which is none"),
        ((200, b'{"revision_info": {"law_revision_id": "x", "law_title": "x"}, "law_full_text": "%"}'), "answered what is no law"),
    ],
)
def test_answers_that_are_none(laws: Laws, broken: tuple[int, bytes], message: str) -> None:
    laws.broken = broken
    with pytest.raises(FetchFailed, match=message):
        fetch(laws.address, ID)


def test_more_than_can_be_taken(laws: Laws) -> None:
    laws.broken = (200, bytes(2 * 2**20))
    with pytest.raises(FetchFailed, match="sends more than 1 MB"):
        fetch(laws.address, ID, megabytes=1)


def test_a_fetched_law_becomes_a_draft_and_the_next_one_its_revision(laws: Laws, tmp_path: Path) -> None:
    library = library_at(tmp_path / "home", egov_url=laws.address)
    told = []
    for _ in range(2):
        number = jobs.fetch(library, TITLE, user="kato", clearance=3, level=1)
        work.work(library, today=lambda: TODAY)
        job = library.registry.jobs.get(number)
        assert job is not None and job.state == "done", job
        told += [entry["result"] for entry in job.told]
    assert told == ["added", "unchanged"]
    (draft,) = library.registry.revisions(DRAFT)
    assert (draft.document_id, draft.source.uri, draft.source.level) == (ID, f"{REVISION}.xml", 1)
    assert draft.articles > 30
    assert list((tmp_path / "home").glob("fetched-*")) == []
    library.close()
    off = library_at(tmp_path / "home")
    number = jobs.fetch(off, TITLE, user="kato", clearance=3)
    work.work(off, today=lambda: TODAY)
    failed = off.registry.jobs.get(number)
    assert failed is not None and (failed.state, failed.code) == ("failed", "FetchFailed")
    off.close()
