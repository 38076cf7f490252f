"""An answer as text to paste: every quote with where it stands."""

from __future__ import annotations

from datetime import date

from rag.answer.verify import cite
from rag.records import Answer, Statement
from rag.ui.footnotes import plain
from rag.ui.texts import Words
from tests.ui.documents import law, span_of


def test_footnotes_name_title_number_provision_revision_and_day() -> None:
    document = law()
    first, second = (cite(document, span_of(document, words), n) for n, words in enumerate(("鉄道賃", "車賃は、実費による。"), start=1))
    statements = (Statement(text=first.quote, citations=(first,)), Statement(text=second.quote, citations=(second,)))
    answer = Answer(id="x", question="旅費は\n何ですか", as_of=date(2026, 11, 23), statements=statements)
    revision = document.revision[:12]
    assert plain(answer, lambda citation: document, Words("ja")).splitlines() == [
        "質問：旅費は 何ですか",
        "回答（文書からの引用、2026年11月23日（令和8年）時点）",
        "",
        "鉄道賃[1]",
        "",
        "車賃は、実費による。[2]",
        "",
        f"[1] 旅費規程、訓令第三号、第二条第一項第一号、版 {revision}、施行日 2025年4月1日（令和7年）",
        f"[2] 旅費規程、訓令第三号、第二条第二項、版 {revision}、施行日 2025年4月1日（令和7年）",
    ]
    assert f"revision {revision}, in force from 1 April 2025" in plain(answer, lambda citation: document, Words("en"))
