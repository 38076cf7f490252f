"""A thousand files through the command line and through the Documents page: files a second, memory, and whether the page stays usable.

The files are real ones (law XML, saved pages, PDF) and, up to --count, laws as text. While the page's worker reads them, a person
goes on working in a browser: opens the page, searches, sorts, goes to another page and comes back. Each action is timed until
everything is drawn.

    .venv/bin/python -m tests.benchmarks.thousand --home /var/tmp/thousand
    .venv/bin/python -m tests.benchmarks.thousand --home /var/tmp/thousand --way page --count 200

Scans among the PDFs take long: KONKYO_OCR=0 leaves them out, which the count of files in the library then shows.
The files are data for measuring that not everybody has: --corpora.
"""

from __future__ import annotations

import argparse
import itertools
import os
import resource
import shutil
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import sync_playwright

from rag.library import Library
from rag.registry import DRAFT, PUBLISHED
from rag.settings import Settings
from rag.ui.texts import Words
from tests.benchmarks.scale import SHARED, laws
from tests.ui.conftest import REPOSITORY, SWITCHES, Screen, serving
from tests.ui.test_desk import Desk

FOLDERS = {"egov_xml": ".xml", "egov_html": ".html", "pdf_ja": ".pdf", "nta_qa_pages": ".html"}
USABLE = 1.0
"""Seconds an action may take."""

en = Words("en")


def files(corpora: Path, folder: Path, count: int) -> list[Path]:
    """Up to ``count`` files, each under a name of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    real = (file for name, ending in FOLDERS.items() for file in sorted((corpora / name).iterdir()) if file.suffix == ending)
    made = []
    for file in itertools.islice(real, count):
        made.append(folder / f"{file.parent.name}-{file.name}")
        shutil.copyfile(file, made[-1])
    for id_, title, articles in itertools.islice(laws(corpora / "laws" / "articles.jsonl.gz"), count - len(made)):
        made.append(folder / f"law-{id_}.txt")
        made[-1].write_text("\n".join([title, "", *(article["text"] for article in articles)]), encoding="utf-8")
    return made


def told(home: Path, seconds: float, count: int) -> None:
    """What is in the library now, and how quickly it came."""
    library = Library(Settings(home=home))
    states = Counter(revision.state for revision in library.registry.revisions(PUBLISHED, DRAFT))
    passages = sum(len(library.registry.chunks_of(revision.number)) for revision in library.registry.revisions(PUBLISHED, DRAFT))
    library.close()
    print(f"  {count} files in {seconds:.0f} s: {count / seconds:.1f} files/s, {passages / seconds:.0f} passages/s; {dict(states)}")


def by_command(home: Path, folder: Path, count: int) -> None:
    """``python -m rag ingest`` as a child."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "rag", "ingest", str(folder)],
        env={**os.environ, "KONKYO_HOME": str(home)},
        cwd=REPOSITORY,
        check=False,
        stdout=subprocess.DEVNULL,
    )
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"command line, exit status {done.returncode}, peak memory of the largest process {peak:.0f} MB")
    told(home, seconds, count)


def by_page(home: Path, made: list[Path]) -> None:
    """Dropped on the Documents page, while somebody works on it."""
    times: dict[str, list[float]] = {}
    with serving(home) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=SWITCHES)
        context = browser.new_context(viewport={"width": 1280, "height": 900}, locale="en-GB")
        context.set_default_timeout(600_000)
        seen = Screen(page=context.new_page(), address=address, outside=[])
        desk = Desk(seen, en)

        def timed(name: str, action: Callable[[], object]) -> None:
            started = time.perf_counter()
            action()
            # Screen.settle waits 0.3 s before it looks, which is no part of the action.
            times.setdefault(name, []).append(time.perf_counter() - started - 0.3)

        def searched(words: str) -> None:
            seen.page.get_by_label(en("documents.search"), exact=True).fill(words)
            seen.page.keyboard.press("Enter")
            seen.settle()

        def pressed(page: str) -> None:
            seen.page.get_by_role("link", name=en(f"frame.{page}"), exact=True).click()
            seen.settle()

        desk.open()
        started = time.perf_counter()
        seen.unfold(seen.page.locator(".st-key-add"))
        seen.page.locator(".st-key-add [data-testid=stFileUploader] input").first.set_input_files(made)
        seen.until("!document.querySelector('.st-key-read-files button').disabled")
        print(f"page, {len(made)} files uploaded in {time.perf_counter() - started:.0f} s")
        started = time.perf_counter()
        seen.page.locator(".st-key-read-files button").click()
        seen.page.wait_for_selector(".st-key-jobs")
        job = seen.page.locator("[class*=st-key-job-]").first
        peak = 0.0
        while en("jobs.running") in job.inner_text() or en("jobs.waiting") in job.inner_text():
            timed("search", lambda: searched("tax"))
            timed("clear the search", lambda: searched(""))
            timed("go to Quality", lambda: pressed("quality"))
            timed("go to Ask", lambda: pressed("ask"))
            timed("go to Documents", lambda: pressed("documents"))
            timed("load the whole page anew", desk.open)
            peak = max(peak, _memory_of(os.getpid()))
        seconds = time.perf_counter() - started
        timed("load the whole page anew, all read", desk.open)
        browser.close()
    told(home, seconds, len(made))
    print(f"  peak memory of the server and its children {peak:.0f} MB")
    for name, some in times.items():
        late = sum(each > USABLE for each in some)
        print(f"  {name}: median {statistics.median(some):.2f} s, longest {max(some):.2f} s, {late} of {len(some)} over {USABLE:.0f} s")


def _memory_of(parent: int) -> float:
    """Resident memory of the server below this process and of all that it started, together, in MB."""
    table = subprocess.run(["ps", "-eo", "pid,ppid,rss,args"], check=True, capture_output=True, text=True).stdout.splitlines()[1:]
    rows = [(int(pid), int(ppid), int(rss), args) for pid, ppid, rss, args in (line.split(None, 3) for line in table)]
    family = {pid for pid, ppid, _, args in rows if ppid == parent and "streamlit" in args}
    while more := {pid for pid, ppid, _, _ in rows if ppid in family} - family:
        family |= more
    return sum(rss for pid, _, rss, _ in rows if pid in family) / 1024


def main() -> None:
    """Both ways, or one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="a folder for the files and two libraries; both must be new")
    parser.add_argument("--count", type=int, default=1_000)
    parser.add_argument("--corpora", type=Path, default=SHARED / "corpora")
    parser.add_argument("--way", choices=["command", "page", "both"], default="both")
    options = parser.parse_args()
    if not options.corpora.is_dir():
        sys.exit(f"{options.corpora} is not here. Name a folder that holds {', '.join(FOLDERS)} and laws: --corpora FOLDER")
    made = files(options.corpora, options.home / "files", options.count)
    if options.way != "page":
        by_command(options.home / "by-command", options.home / "files", len(made))
    if options.way != "command":
        by_page(options.home / "by-page", made)


if __name__ == "__main__":
    main()
