"""A language model that lies on purpose: an OpenAI-compatible server on loopback, streaming or not, the same for the same request.

The model's name says what it does and its seed: "faithful:3", "changes-number:7". It sees what every model sees, the request alone.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from .lies import HOST, MODES, Plan, Request, faithful

TROUBLES = frozenset({"slow", "cut", "busy", "broken", "nonsense", "wrong-key", "web-page", "half-json", "silent"})
"""Modes in which no whole reply comes."""
MARKS = ("[{}]", "［{}］", "【{}】", "({})", "（{}）")


@dataclass
class LyingModel:
    """The server. ``with LyingModel() as model: model.url``."""

    pause: float = 0.0
    """Seconds between two pieces of a stream."""
    slow: float = 2.0
    """Seconds that a slow one waits before it says anything."""
    requests: list[Request] = field(default_factory=list)
    plans: list[list[Plan]] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    """(time, piece) of everything sent in streams."""
    troubled: int = 0
    """How many requests a troubled mode spoils before it becomes faithful; 0 for all of them."""

    def __enter__(self) -> LyingModel:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def _read(body: Mapping[str, Any], headers: Mapping[str, str], path: str) -> Request:
    name, _, rest = str(body["model"]).partition(":")
    seed, _, _ = rest.partition(":")
    system = "".join(message["content"] for message in body["messages"] if message["role"] == "system")
    user = json.loads(next(message["content"] for message in body["messages"] if message["role"] == "user"))
    return Request(
        mode=name,
        seed=int(seed or 0),
        system=system,
        question=user["question"],
        evidence=tuple(user.get("evidence", ())),
        history=tuple(user.get("history", ())),
        headers=dict(headers),
        path=path,
        body=body,
    )


def worded(request: Request, plans: list[Plan]) -> str:
    """The reply: JSON, or for an odd seed sentences with marks."""
    if request.history:
        whole = f"{request.history[-1].rstrip('？?')}について、{request.question}"
        return {"leaks-prompt": request.system, "html-images": f"![x](https://{HOST}/p.png){whole}"}.get(request.mode, whole)
    if request.seed % 2 == 0:
        return json.dumps({"sentences": [{"text": plan.text, "evidence": list(plan.numbers)} for plan in plans]}, ensure_ascii=False)
    mark = MARKS[request.seed // 2 % len(MARKS)]
    lines = []
    for plan in plans:
        marks = "".join(mark.format(number) for number in plan.numbers)
        stop = plan.text[-1] if plan.text[-1:] in "。." else ""
        # Before the full stop and behind it, as models do.
        lines.append(f"{plan.text[: -1 or None]}{marks}{stop}" if stop and request.seed % 4 == 1 else f"{plan.text}{marks}")
    return "\n".join(lines)


def _handler(model: LyingModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            request = _read(body, dict(self.headers), self.path)
            model.requests.append(request)
            trouble = request.mode if request.mode in TROUBLES else ""
            if trouble and model.troubled and len(model.requests) > model.troubled:
                trouble = ""
            plans = [] if request.history else MODES.get(request.mode, faithful)(request)
            model.plans.append(plans)
            if trouble in ("busy", "broken", "wrong-key", "web-page"):
                self._refuse(trouble)
            elif trouble == "slow":
                time.sleep(model.slow)
                self._reply(request, worded(request, plans), "")
            else:
                text = "%PDF-1.7 \x00\x01 {{{{ ]]" * 3 if trouble == "nonsense" else worded(request, plans)
                self._reply(request, text, trouble)

        def _refuse(self, trouble: str) -> None:
            key = self.headers.get("authorization", "")
            status, extra, said = {
                "busy": (429, {"retry-after": "0.01"}, '{"error": {"message": "slow down"}}'),
                "broken": (500, {"retry-after": "0.01"}, '{"error": {"message": "it broke"}}'),
                "wrong-key": (401, {}, json.dumps({"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}})),
                "web-page": (200, {"content-type": "text/html"}, "<html><body>Sign in</body></html>"),
            }[trouble]
            self._send(status, said.encode(), {"content-type": "application/json", **extra})

        def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _reply(self, request: Request, text: str, trouble: str) -> None:
            usage = {"prompt_tokens": len(str(request.body)) // 3, "completion_tokens": max(1, len(text) // 2), "total_tokens": 0}
            base = {"id": "x", "created": 1, "model": request.body["model"]}
            if not request.body.get("stream"):
                message = {"role": "assistant", "content": text}
                reply = {
                    **base,
                    "object": "chat.completion",
                    "usage": usage,
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                }
                self._send(200, json.dumps(reply).encode(), {"content-type": "application/json"})
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            pieces = _pieces(text)
            if trouble == "cut":
                pieces = pieces[: max(1, len(pieces) // 2)]
            if trouble == "silent":
                pieces = []
            try:
                for piece in pieces:
                    self._event({**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": piece}}]})
                    model.told.append((time.monotonic(), piece))
                    time.sleep(model.pause)
                if trouble in ("cut", "silent"):
                    self.close_connection = True
                    return
                self._event({**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                if (request.body.get("stream_options") or {}).get("include_usage"):
                    self._event({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
                self.wfile.write(b"data: [DONE]\n\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.close_connection = True

        def _event(self, event: Mapping[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
            self.wfile.flush()

    return Handler


def _pieces(text: str) -> list[str]:
    size = 12
    return [text[at : at + size] for at in range(0, len(text), size)]
