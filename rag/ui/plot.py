"""Numbers over time, drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import streamlit as st

_COLOURS = ["#4979f5", "#949494"]
"""Three to one or more beside white and beside the dark background."""


def over_time(mark: Literal["bar", "line"], points: Sequence[Mapping[str, object]], title: str, *, whole: bool = True) -> None:
    """Draw a series for each field of ``points`` but "at", which is when, in words, the earliest first; bars stand one upon the other.

    ``title`` stands at the side. Streamlit's own charts write the days below upright, which leaves no room for the rest.

    Args:
        whole: the numbers count something, so there is none between two.
    """
    series = [name for name in points[0] if name != "at"]
    rows = [{"at": point["at"], "what": name, "n": point[name]} for point in points for name in series]
    legend = {"orient": "bottom", "title": None} if len(series) > 1 else None
    st.vega_lite_chart(
        rows,
        {
            "mark": {"type": mark, "point": mark == "line"},
            "height": 300,
            "encoding": {
                "x": {
                    "field": "at",
                    "type": "ordinal",
                    "sort": None,
                    "title": None,
                    "axis": {"labelAngle": 0, "labelOverlap": True, "labelLimit": 200},
                },
                "y": {"field": "n", "type": "quantitative", "title": title, "axis": {"tickMinStep": 1} if whole else {}},
                "color": {"field": "what", "type": "nominal", "scale": {"domain": series, "range": _COLOURS}, "legend": legend},
            },
        },
    )
