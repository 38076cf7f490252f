"""ASGI middleware: a request is answered only if it names this server and, where it can change something, comes from this server's page.

It stands before everything that the process serves, over HTTP and WebSocket, and knows nothing of what that is.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rag.serve.hosts import Host, host, schemes

_LOG = logging.getLogger("konkyo.serve")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""
_HEADERS = {
    b"x-frame-options": b"DENY",
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"same-origin",  # an address holds the question; under no-referrer, forms would lose their origin
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}
_SHOWN = 100
"""So many characters of a foreign name are written to the log."""


class Guard:
    """Refuses what is not asked under one of the server's names, or is sent by another page; and says to browsers what answers may do.

    Args:
        app: what is guarded.
        hosts: names besides this machine's own.
        policy: the Content-Security-Policy without connect-src and frame-ancestors, which are set here.
        wrong_host: what is told to who asked under another name. It must not repeat that name.
        wrong_origin: what is told to another page.
    """

    def __init__(self, app: ASGIApp, *, hosts: Sequence[Host], policy: str, wrong_host: str, wrong_origin: str) -> None:
        self._app = app
        self._hosts = tuple(hosts)
        self._policy = policy
        self._told = {HTTPStatus.MISDIRECTED_REQUEST: wrong_host, HTTPStatus.FORBIDDEN: wrong_origin}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        refused = self._refused(scope)
        if refused is None:
            await self._app(scope, receive, self._saying(send, _values(scope, b"host")[0]))
        elif scope["type"] == "http":
            await self._refuse(self._saying(send), refused)
        else:  # before it was accepted: the server answers 403
            await send({"type": "websocket.close", "code": 1008})

    def _refused(self, scope: Scope) -> HTTPStatus | None:
        method = scope.get("method", "WebSocket")
        asked = _values(scope, b"host")
        names = self._schemes(scope, asked)
        if not names:
            _LOG.warning("Refused %s: %s is not one of this server's names. KONKYO_HOSTS adds names.", method, _shown(asked))
            return HTTPStatus.MISDIRECTED_REQUEST
        origins = _values(scope, b"origin")
        # Browsers write both headers alike, so the texts must be equal. Where they are not, Streamlit looks further: it would ask the
        # internet for this machine's public address.
        own = origins in [[f"{name}://{asked[0]}"] for name in names]
        if not own and (origins or method not in _SAFE):
            _LOG.warning("Refused %s: it comes from %s, not from this server's page.", method, _shown(origins))
            return HTTPStatus.FORBIDDEN
        return None

    def _schemes(self, scope: Scope, asked: Sequence[str]) -> frozenset[str]:
        one = host(asked[0]) if len(asked) == 1 else None
        if one is None or not scope.get("server"):
            return frozenset()
        secure = scope["scheme"] in ("https", "wss")
        return schemes(one, self._hosts, port=scope["server"][1], scheme="https" if secure else "http")

    def _saying(self, send: Send, asked: str = "") -> Send:
        # Not every browser takes 'self' for the WebSocket too. The host is one of ours by now, and has only a host's characters.
        stream = f" ws://{asked} wss://{asked}" if asked else ""
        policy = f"{self._policy}; connect-src 'self'{stream}; frame-ancestors 'none'"
        added = _HEADERS | {b"content-security-policy": policy.encode("ascii")}

        async def said(message: Message) -> None:
            if message["type"] == "http.response.start":
                # No page of another origin reads anything here, so no answer needs to allow it.
                kept = [(name, value) for name, value in message.get("headers", ()) if not _ours(name.lower(), added)]
                message = {**message, "headers": [*kept, *added.items()]}
            await send(message)

        return said

    async def _refuse(self, send: Send, status: HTTPStatus) -> None:
        body = self._told[status].encode()
        headers = [
            (b"content-type", b"text/plain; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),  # what the request still holds is not read
        ]
        await send({"type": "http.response.start", "status": status.value, "headers": headers})
        await send({"type": "http.response.body", "body": body})


def _ours(name: bytes, added: dict[bytes, bytes]) -> bool:
    return name in added or name.startswith(b"access-control-")


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _shown(values: Sequence[str]) -> str:
    # Somebody else wrote this: no line of the log may be made of it.
    return ascii(", ".join(values)[:_SHOWN]) if values else "nothing"
