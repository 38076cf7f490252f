"""The names under which the server may be asked, and the origins of its own pages.

A browser says in Host which name it was given, and in Origin which page it speaks for. Both are checked against a list, since names
can be made to lead here that are not ours (DNS rebinding), and since any page of the web may send requests to this machine.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.errors import SettingsError

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""This machine's names for itself. No name server has a say in them, so no other page can have them."""

_PORTS = {"http": 80, "https": 443}
"""The ports that browsers leave out."""
_WRITTEN = re.compile(r"(\[[0-9a-f:.]+\]|[0-9a-z_.-]+)(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A host as it is asked for."""

    name: str
    """In lower case, without a trailing dot; an IPv6 address in its shortest form, in brackets."""
    port: int | None = None
    """None where none is written."""


def host(text: str) -> Host | None:
    """Read ``host`` or ``host:port``. None where it is neither, so that it equals no host."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return None
    name, port = match[1].lower().removesuffix("."), int(match[2]) if match[2] else None
    if name.startswith("["):
        try:
            name = f"[{ipaddress.IPv6Address(name[1:-1]).compressed}]"
        except ValueError:
            return None
    return Host(name=name, port=port) if name and port != 0 else None


def named(text: str) -> tuple[Host, ...]:
    """Read the hosts of the setting KONKYO_HOSTS, with commas between them.

    Raises:
        SettingsError: one of them is not a host.
    """
    found = []
    for part in filter(None, map(str.strip, text.split(","))):
        one = host(part)
        if one is None:
            raise SettingsError(f"KONKYO_HOSTS names {part!r}; write host or host:port, in ASCII, without http:// and without a path.")
        found.append(one)
    return tuple(found)


def schemes(asked: Host, known: Sequence[Host], *, port: int, scheme: str) -> frozenset[str]:
    """Under which schemes, http or https, a page of ours can be at ``asked``. Empty: that is not one of our names.

    Args:
        known: the names besides this machine's own. One without a port is meant at the default ports and at ``port``. In front of it
            may stand a proxy that speaks https to browsers and http to us.
        port: where the server listens.
        scheme: how the server was asked.
    """
    found = set()
    if asked.name in LOOPBACK and (asked.port or _PORTS[scheme]) == port:
        found.add(scheme)
    for one in known:
        if one.name == asked.name:
            meant = {one.port} if one.port else {port, *_PORTS.values()}
            found |= {spoken for spoken in (scheme, "https") if (asked.port or _PORTS[spoken]) in meant}
    return frozenset(found)
