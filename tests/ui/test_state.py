"""What is asked is written into the address and read from it again."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from rag.records import Kind
from rag.ui.state import Wanted, language, read, write


def as_lists(address: dict[str, str | list[str]]) -> dict[str, list[str]]:
    """An address as the browser gives it back."""
    return {name: value if isinstance(value, list) else [value] for name, value in address.items()}


@given(
    st.builds(
        Wanted,
        question=st.text(max_size=50).map(str.strip),
        level=st.integers(1, 3),
        as_of=st.none() | st.dates(),
        issuers=st.sets(st.text(min_size=1, max_size=20)).map(sorted).map(tuple),
        kinds=st.sets(st.sampled_from(Kind)).map(lambda chosen: tuple(kind for kind in Kind if kind in chosen)),
    )
)
def test_a_reload_asks_the_same(wanted: Wanted) -> None:
    assert read(as_lists(write(wanted, 3, "ja")), 3) == wanted


def test_what_goes_without_saying_is_left_out() -> None:
    assert write(Wanted(question="旅費", level=2), 2, "ja") == {"lang": "ja", "q": "旅費"}


def test_an_address_cannot_raise_the_level() -> None:
    assert read({"level": ["3"]}, 1).level == 1
    assert [read({"level": [level]}, 2).level for level in ("1", "2", "3", "0", "-1", "x", "２")] == [1, 2, 2, 2, 2, 2, 2]


def test_nonsense_is_passed_over() -> None:
    wanted = read({"q": ["  " + "あ" * 5000], "on": ["2026-02-31"], "kind": ["act", "<b>"], "issuer": ["", "省" * 500]}, 3)
    assert (len(wanted.question), wanted.as_of, wanted.kinds) == (1998, None, (Kind.ACT,))
    assert [len(issuer) for issuer in wanted.issuers] == [200]


def test_language() -> None:
    assert language({"lang": ["en"]}, "ja") == "en"
    assert language({"lang": ["fr"]}, "ja") == "ja"
    assert language({}, "en") == "en"


def test_filters() -> None:
    wanted = Wanted(level=1, as_of=date(2026, 4, 1), issuers=("人事課",), kinds=(Kind.ACT,))
    assert wanted.narrowed
    assert wanted.filters.issuers == {"人事課"}
    assert not Wanted(level=1).narrowed
