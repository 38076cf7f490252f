"""While an answer is worked out: what is being done, in words; what is there already; and a button that stops it.

The work is done in a thread of its own, so that the page can be told to stop at any moment. The thread is told so at its next step,
and a language model's stream is closed then.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import streamlit as st

from rag.errors import KonkyoError
from rag.records import Answer, Statement, Status
from rag.ui import safe
from rag.ui.texts import Words

_LOOK_SECONDS = 0.2
_STAGES = {"searching": "ask.searching", "reading": "ask.reading", "writing": "ask.writing", "checking": "ask.checking"}

Progress = Callable[[str, int], None]
Said = Callable[[tuple[Statement, ...]], None]
Job = Callable[[Progress, Said], Answer]
"""Works out an answer; calls back often, and ends when a call raises."""


class _Stopped(KonkyoError):
    """The reader pressed stop."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Worked:
    """An answer, and what it took."""

    answer: Answer
    documents: int
    """How many were searched."""
    seconds: float


def work(job: Job, t: Words, on_stop: Callable[[], None]) -> Worked:
    """Do a job while the page tells of it.

    Whatever the reader presses meanwhile ends the job: Streamlit then leaves this function by an exception of its own.

    Raises:
        KonkyoError: what the job raised.
    """
    news: queue.Queue[tuple[str, int] | tuple[Statement, ...] | Answer | Exception] = queue.Queue()
    stopped = threading.Event()

    def tell(one: tuple[str, int] | tuple[Statement, ...]) -> None:
        if stopped.is_set():
            raise _Stopped("Stopped by the reader.")
        news.put(one)

    def run() -> None:
        try:
            news.put(job(lambda stage, count: tell((stage, count)), tell))
        except _Stopped:
            return
        except Exception as error:  # noqa: BLE001  (handed to the page's thread, which raises it there)
            news.put(error)

    started, documents = time.perf_counter(), 0
    threading.Thread(target=run, daemon=True).start()
    place = st.empty()
    try:
        with place.container(key="working"):
            line, clock = st.empty(), st.empty()
            st.button(t("ask.stop"), key="stop", icon=":material/stop:", on_click=on_stop)
            drawn = st.empty()
        while True:
            try:
                one = news.get(timeout=_LOOK_SECONDS)
            except queue.Empty:
                # Drawing is also where Streamlit looks whether something was pressed.
                with clock:
                    safe.show(safe.tag("p", t("ask.seconds", n=int(time.perf_counter() - started)), class_="k-small"))
                continue
            if isinstance(one, Answer):
                return Worked(answer=one, documents=documents, seconds=time.perf_counter() - started)
            if isinstance(one, Exception):
                raise one
            if one and isinstance(one[0], str):
                stage, count = one[0], one[1]
                assert isinstance(count, int)
                documents = count if stage == "searching" else documents
                with line:
                    safe.show(safe.tag("p", t(_STAGES[stage], n=count), "…", class_="k-busy", role="status", aria_live="polite"))
            else:
                with drawn:
                    safe.show(_so_far([part for part in one if isinstance(part, Statement)], t))
    finally:
        stopped.set()
        place.empty()


def _so_far(statements: list[Statement], t: Words) -> safe.Html:
    """What was written and checked already; its grounds can be opened when all is there."""
    rows = []
    for statement in statements:
        numbers = "".join(f"[{citation.number}]" for citation in statement.citations)
        said = safe.tag("p", safe.lines(statement.text), " ", numbers, class_="k-said")
        status = t("answer.is_partly" if statement.status is Status.PARTLY else "answer.is_supported")
        rows.append(safe.tag("div", said, safe.tag("p", status, class_="k-small"), class_="k-sofar"))
    notice = safe.tag("p", t("answer.written"), class_="k-note")
    return safe.join([notice, *rows]) if rows else safe.join([safe.tag("span", "")])
