"""Who holds the write lock of a library: written beside the lock, for the message that others get."""

from __future__ import annotations

import getpass
import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path


def me() -> dict[str, str | int]:
    """This process, as it is written beside the lock."""
    return {
        "pid": os.getpid(),
        "user": account(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(sys.argv)[:200],
    }


def account() -> str:
    """The name of the account that the program runs under."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container may run under a number that has no name
        return str(os.getuid()) if hasattr(os, "getuid") else "somebody"


def person() -> str:
    """Who does something, for the log: KONKYO_USER, where somebody set it, or the account."""
    return os.environ.get("KONKYO_USER") or account()


def said(file: Path) -> str:
    """Who holds the lock, in a sentence with what to do."""
    try:
        who = json.loads(file.read_text(encoding="utf-8"))
        by = f"process {who['pid']} of {who['user']} on {who['host']} since {who['since']} ({who['command']})"
    except (OSError, ValueError, KeyError, TypeError):
        by = "another process"
    return f"The library is being written by {by}. Wait until it has ended, then run again."
