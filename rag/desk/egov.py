"""A law from e-Gov, by its number, id or name, through the law API, version 2. Off unless a setting names its address.

    GET /api/2/law_data/{law id, number or revision id}?response_format=json&law_full_text_format=xml
        -> {"law_info": {"law_id", "law_num"}, "revision_info": {"law_revision_id", "law_title"}, "law_full_text": base64 of the XML}
    GET /api/2/laws?law_title=...&limit=...
        -> {"total_count", "laws": [{"law_info": {...}, "current_revision_info" or "revision_info": {"law_title"}}]}

What comes is bytes like those of any file that somebody hands in: read in the sandbox, a draft until a person publishes it.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from rag.errors import FetchFailed
from rag.text import fold

_ID = re.compile(r"\d{3}[0-9A-Z]{12}(_\d{8}_[0-9A-Z]{15})?$")
_NUMBER = re.compile(r"(明治|大正|昭和|平成|令和).+第.+号$")
_REVISION = re.compile(r"\d{3}[0-9A-Z]{12}_\d{8}_[0-9A-Z]{15}$")
_LISTED = 20
"""Laws of a like name that are asked for."""
_NAMED = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """A law as it came."""

    name: str
    """As e-Gov names its files: ``<law id>_<day in force>_<amending law>.xml``, by which it is known as a revision."""
    title: str
    data: bytes


def fetch(address: str, wanted: str, *, seconds: float = 30.0, megabytes: int = 200) -> Fetched:
    """The law that ``wanted`` names: 昭和二十五年法律第百三十一号, 325AC0000000131, or 電波法.

    Args:
        address: of the server, as https://laws.e-gov.go.jp; empty: fetching is switched off.

    Raises:
        FetchFailed: it is switched off, nothing answers, there is no such law, or several have a like name.
    """
    wanted = wanted.strip()
    if not address:
        raise FetchFailed(
            "Fetching laws is switched off, so nothing leaves this machine. "
            "To switch it on, set KONKYO_EGOV_URL=https://laws.e-gov.go.jp and start anew; or download the XML and add the file."
        )
    if not wanted:
        raise FetchFailed("Name a law: its number, its id or its name.")
    # The system's proxies are not used, and no other server is gone to.
    with httpx.Client(base_url=address.rstrip("/"), timeout=seconds, trust_env=False, follow_redirects=False) as client:
        named = _ID.match(wanted) or _NUMBER.match(wanted)
        which = wanted if named else _find(client, address, wanted, megabytes)
        parameters = {"response_format": "json", "law_full_text_format": "xml"}
        found = _get(client, address, f"/api/2/law_data/{quote(which, safe='')}", parameters, megabytes, wanted)
    try:
        revision, title = str(found["revision_info"]["law_revision_id"]), str(found["revision_info"]["law_title"])
        text = str(found["law_full_text"])
        data = text.encode() if text.lstrip().startswith("<") else base64.b64decode(text, validate=True)
    except (KeyError, TypeError, binascii.Error, ValueError) as error:
        raise FetchFailed(
            f"{address} answered what is no law ({type(error).__name__}: {str(error)[:100]}). Download the XML instead."
        ) from error
    if not _REVISION.match(revision):
        raise FetchFailed(f"{address} named a revision {revision[:60]!r}, which is none. Download the XML instead.")
    return Fetched(name=f"{revision}.xml", title=title, data=data)


def _find(client: httpx.Client, address: str, title: str, megabytes: int) -> str:
    """The id of the law of this name.

    Raises:
        FetchFailed: there is none, or several and none of exactly this name.
    """
    found = _get(client, address, "/api/2/laws", {"law_title": title, "limit": str(_LISTED), "response_format": "json"}, megabytes, title)
    laws: dict[str, str] = {}
    for entry in found.get("laws") or []:
        try:
            about = entry.get("current_revision_info") or entry["revision_info"]
            laws[str(entry["law_info"]["law_id"])] = str(about["law_title"])
        except (KeyError, TypeError, AttributeError):
            continue
    exact = [id for id, name in laws.items() if fold(name) == fold(title)]
    if len(exact) == 1:
        return exact[0]
    if len(laws) == 1:
        return next(iter(laws))
    if not laws:
        raise FetchFailed(f"e-Gov has no law named {title!r}. Look at the name, or give the number (昭和二十五年法律第百三十一号).")
    some = "、".join(f"{name} ({id})" for id, name in list(laws.items())[:_NAMED])
    raise FetchFailed(f"Several laws have {title!r} in their names: {some}{' …' if len(laws) > _NAMED else ''}. Name one by its id.")


def _get(client: httpx.Client, address: str, path: str, parameters: dict[str, str], megabytes: int, wanted: str) -> dict[str, Any]:
    try:
        with client.stream("GET", path, params=parameters, headers={"Accept": "application/json"}) as reply:
            if reply.status_code in (400, 404):
                raise FetchFailed(f"e-Gov has no law {wanted!r}. Look at the number or the name.")
            if reply.status_code != 200:
                raise FetchFailed(
                    f"{address} answered with status {reply.status_code}. Try again later, or download the XML and add the file."
                )
            body = bytearray()
            for piece in reply.iter_bytes():
                body += piece
                if len(body) > megabytes * 2**20:
                    raise FetchFailed(f"{address} sends more than {megabytes} MB. Download the XML and add the file.")
    except httpx.TimeoutException as error:
        raise FetchFailed(f"{address} did not answer in time. Try again later, or download the XML and add the file.") from error
    except (httpx.HTTPError, httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise FetchFailed(
            f"{address} cannot be reached ({type(error).__name__}): is this machine on a closed network? Download the XML and add the file."
        ) from error
    try:
        found = json.loads(bytes(body))
    except ValueError as error:
        raise FetchFailed(f"{address} answered what is not JSON. Look at KONKYO_EGOV_URL.") from error
    if not isinstance(found, dict):
        raise FetchFailed(f"{address} answered what is no law. Look at KONKYO_EGOV_URL.")
    return found
