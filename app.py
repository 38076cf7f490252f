"""The page frame: who is asking, in which language, as of which day, and which pages there are. Run: streamlit run app.py

Streamlit uses this file twice. It imports it for ``app``, which its server serves; and it runs it as a script to draw a page.
"""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from rag.errors import KonkyoError, SettingsError
from rag.settings import from_environment, hosts
from rag.ui import protection

ICON = Path(__file__).parent / "rag" / "ui" / "icon.png"


def main() -> None:
    """Draw the page that the address names."""
    # Not above: importing them takes seconds, and the server is there at once without them.
    from rag.ui import altered, ask, documents, frame, gaps, log, opening, quality, trouble, usage
    from rag.ui.texts import Words

    try:
        settings = from_environment()
    except KonkyoError as error:
        st.set_page_config(page_title="Konkyo", page_icon=ICON, layout="wide")
        trouble.screen(Words("ja"), error)
        return
    who = frame.reader(settings.clearance)
    st.set_page_config(page_title=who.t("frame.page_title"), page_icon=ICON, layout="wide", initial_sidebar_state="collapsed")
    frame.style(who)

    def ask_page() -> None:
        ask.page(opened, who)

    def documents_page() -> None:
        documents.page(opened, who)

    def gaps_page() -> None:
        gaps.page(opened, who)

    def quality_page() -> None:
        quality.page(opened, who)

    def usage_page() -> None:
        usage.page(opened, who)

    def log_page() -> None:
        log.page(opened, who)

    first = st.Page(ask_page, title=who.t("frame.ask"), url_path="ask", default=True)
    desk = [
        st.Page(documents_page, title=who.t("frame.documents"), url_path="documents"),
        st.Page(gaps_page, title=who.t("frame.gaps"), url_path="gaps"),
        st.Page(quality_page, title=who.t("frame.quality"), url_path="quality"),
        st.Page(usage_page, title=who.t("frame.usage"), url_path="usage"),
        st.Page(log_page, title=who.t("frame.log"), url_path="log"),
    ]
    page = st.navigation([first, *desk], position="top")
    if page in desk:  # what is pressed on a page must come with the address that belongs to it
        frame.remember(who, desk=True)
    frame.skip_link()
    frame.header(who)
    try:
        opened = opening.library(settings)
        found = opening.troubles(opened)
    except KonkyoError as error:
        trouble.screen(who.t, error)
    else:
        if found:
            trouble.screen(who.t, *found)
        else:
            said = st.container()
            page.run()
            with said:  # last: what the page asks for may be found not to be what was published
                altered.show(opened, who)
    frame.remember(who, desk=page in desk)


if __name__ == "__main__":
    main()
else:
    try:
        app = st.App(__file__, middleware=[protection.guard(hosts())])
    except SettingsError as error:
        raise SystemExit(str(error)) from None
