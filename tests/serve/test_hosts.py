"""Hosts as they are written, and which of them are ours."""

from __future__ import annotations

import pytest

from rag.errors import SettingsError
from rag.serve.hosts import Host, host, named, schemes


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("localhost", Host(name="localhost")),
        ("LocalHost.:8501", Host(name="localhost", port=8501)),
        ("[0:0::1]:80", Host(name="[::1]", port=80)),
        ("xn--wgv71a.example", Host(name="xn--wgv71a.example")),
    ],
)
def test_a_host_is_read(text: str, read: Host) -> None:
    assert host(text) == read


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        ":80",
        "a:",
        "a:0",
        "a:123456",
        "a:-1",
        "a:٨",
        "a b",
        "a/b",
        "a@b",
        "http://a",
        "日本.example",
        "::1",
        "[::1",
        "[]",
        "[a]",
        "a,b",
        "a\n",
    ],
)
def test_what_is_no_host_is_none(text: str) -> None:
    assert host(text) is None


def test_the_setting_names_hosts_and_what_is_none() -> None:
    assert named(" a.example ,, B.example:8443 ") == (Host(name="a.example"), Host(name="b.example", port=8443))
    assert named("") == ()
    with pytest.raises(SettingsError, match=r"KONKYO_HOSTS names 'b\.example/x'; write host or host:port"):
        named("a.example, b.example/x")


@pytest.mark.parametrize(
    ("asked", "port", "scheme", "expected"),
    [
        ("localhost:8501", 8501, "http", {"http"}),
        ("localhost:8501", 8501, "https", {"https"}),
        ("localhost:8502", 8501, "http", set()),
        ("localhost", 8501, "http", set()),
        ("localhost", 80, "http", {"http"}),
        ("localhost", 443, "https", {"https"}),
        ("localhost", 443, "http", set()),
        ("any.example", 8501, "http", {"http", "https"}),
        ("any.example:8501", 8501, "http", {"http", "https"}),
        ("any.example:8502", 8501, "http", set()),
        ("any.example", 8501, "https", {"https"}),
        ("only.example", 8501, "http", {"https"}),
        ("only.example:443", 8501, "http", {"http", "https"}),
        ("only.example:8501", 8501, "http", set()),
        ("other.example", 8501, "http", set()),
    ],
)
def test_which_names_are_ours(asked: str, port: int, scheme: str, expected: set[str]) -> None:
    read = host(asked)
    assert read
    assert schemes(read, named("any.example, only.example:443"), port=port, scheme=scheme) == expected
