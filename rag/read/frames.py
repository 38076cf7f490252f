"""Frames on a pipe: the length in eight bytes, big end first, and then so many bytes."""

from __future__ import annotations

import struct
from typing import IO

_LENGTH = struct.Struct(">Q")


def receive(stream: IO[bytes], limit: int) -> bytes:
    """One frame.

    Raises:
        EOFError: the other side is gone.
        ValueError: the frame is larger than ``limit`` bytes.
    """
    (length,) = _LENGTH.unpack(_exactly(stream, _LENGTH.size))
    if length > limit:
        raise ValueError(f"a frame of {length} bytes")
    return _exactly(stream, length)


def _exactly(stream: IO[bytes], length: int) -> bytes:
    data = stream.read(length) if length else b""
    if len(data) != length:
        raise EOFError
    return data


def send(stream: IO[bytes], data: bytes) -> None:
    """One frame."""
    stream.write(_LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()
