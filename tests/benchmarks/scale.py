"""What does a large library cost? 250,000 passages of real law, through ingestion itself, and then real questions.

The laws are written as text files, one a law, and added like any others. When all 121,166 articles are in, they come again with
other words: in each copy about a third of the two-kanji words of a law are replaced by others of the corpus, drawn as often as they
stand there, so that the indexes grow as with other laws. One document an article instead of one a law (--shape article) is the
worst case for the filters by revision.

    .venv/bin/python -m tests.benchmarks.scale --passages 250000 --home /var/tmp/scale
    .venv/bin/python -m tests.benchmarks.scale --passages 250000 --home /var/tmp/scale --minutes 7     in portions: run it again

Ingestion goes on where it stopped; its seconds and its peak memory are kept beside the library. Each stage is a process of its
own, so that the peaks do not mix. The laws and the questions are data for measuring that not everybody has: --laws, --questions.
"""

from __future__ import annotations

import argparse
import gzip
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from rag.evaluate.machine import megabytes_on_disk, peak_megabytes
from rag.ingest import Ingester, Result
from rag.inside import alone
from rag.library import Library
from rag.records import HIGHEST_LEVEL, Kind, Source
from rag.search import search
from rag.settings import Settings
from rag.sources import Found

SHARED = Path(__file__).resolve().parents[3] / "shared"
TODAY = date(2026, 11, 24)
CHANGED = 0.3
"""Share of the two-kanji words of a law that another one takes the place of in a copy."""
_WORD = re.compile(r"(?<![一-鿿])[一-鿿]{2}(?![一-鿿])")

Article = dict[str, str]


def laws(file: Path) -> Iterator[tuple[str, str, list[Article]]]:
    """Id, title and articles of each law, endlessly: as they are, and then in copies with other words."""
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        articles: list[Article] = [json.loads(line) for line in lines]
    real = [(id_, [*group]) for id_, group in itertools.groupby(articles, key=lambda article: article["_id"].rpartition(":")[0])]
    yield from ((id_, group[0]["law"], group) for id_, group in real)
    counts = Counter(word for article in articles for word in _WORD.findall(article["text"]))
    words, weights = list(counts), list(itertools.accumulate(counts.values()))
    for copy in itertools.count(1):
        for id_, group in real:
            chance = random.Random(f"{copy} {id_}")
            own = sorted({word for article in group for word in _WORD.findall(article["text"])})
            swap = {word: chance.choices(words, cum_weights=weights)[0] for word in own if chance.random() < CHANGED}

            def changed(text: str, swap: dict[str, str] = swap) -> str:
                return _WORD.sub(lambda found: swap.get(found[0], found[0]), text)

            copied = [{**a, "_id": f"{a['_id']}-{copy}", "caption": changed(a["caption"]), "text": changed(a["text"])} for a in group]
            yield f"{id_}-{copy}", f"{changed(group[0]['law'])}（{copy}）", copied


class Files:
    """Writes the laws as text files, as they are asked for, and keeps the time that this takes."""

    def __init__(self, folder: Path, laws_file: Path, shape: str) -> None:
        self._folder, self._laws, self._shape = folder, laws_file, shape
        self.seconds = 0.0

    def __iter__(self) -> Iterator[Found]:
        started = time.perf_counter()
        for id_, title, articles in laws(self._laws):
            units = [(id_, title, articles)]
            if self._shape == "article":
                units = [(a["_id"].replace(":", "_"), a["title"], [a]) for a in articles]
            for unit_id, name, some in units:
                file = self._folder / id_[:3] / f"{unit_id}.txt"
                file.parent.mkdir(parents=True, exist_ok=True)
                if not file.is_file():
                    file.write_text("\n".join([name, "", *map(_written, some), ""]), encoding="utf-8")
                source = Source(uri=file.name, title=name, kind=Kind.ACT, level=1, language="ja")
                self.seconds += time.perf_counter() - started
                yield Found(file=alone(file), document_id=unit_id, source=source, listed=True)
                started = time.perf_counter()


def _written(article: Article) -> str:
    return (f"（{article['caption']}）\n" if article["caption"] else "") + article["text"]


def ingest(options: argparse.Namespace) -> dict[str, Any]:
    """Add passages until there are enough, or the time is up. Returns the sums over all runs so far."""
    noted = options.home / "scale.json"
    sums: dict[str, Any] = json.loads(noted.read_text()) if noted.is_file() else {"seconds": 0.0, "added": 0, "peak": 0.0, "portions": []}
    library = Library(Settings(home=options.home / "library"))
    library.embedder.readable(["load the model before the clock starts"])
    before, total, seconds = library.registry.counts()[0], 0, 0.0
    files = Files(options.home / "files", options.laws, options.shape)
    started = time.perf_counter()
    at, laid = started, 0
    with Ingester(library, clearance=3) as ingester:
        for outcome in ingester.add_files(iter(files)):
            if outcome.result is Result.UNCHANGED:
                started, files.seconds = time.perf_counter(), 0.0  # what was there is passed over before the clock starts
                continue
            assert outcome.result is Result.ADDED, f"{outcome.name}: {outcome.reason}"
            total += outcome.chunks
            seconds = time.perf_counter() - started - files.seconds
            if before + total >= laid + 10_000:
                print(
                    f"{before + total:>8} passages  {total / seconds:6.0f} passages/s  {peak_megabytes():6.0f} MB",
                    file=sys.stderr,
                    flush=True,
                )
                laid = before + total
            if before + total >= options.passages or time.perf_counter() - at > options.minutes * 60:
                break
        if ready := ingester.flush():
            total += sum(outcome.chunks for outcome in ready)
            seconds = time.perf_counter() - started - files.seconds
        print("following references", file=sys.stderr, flush=True)
        started = time.perf_counter()
        ingester.link()
        sums["links"] = sums.get("links", 0.0) + time.perf_counter() - started
    sums["passages"] = library.registry.counts()[0]
    sums["added"] += sums["passages"] - before
    sums["seconds"] += seconds
    sums["peak"] = max(sums["peak"], peak_megabytes())
    if sums["passages"] > before:
        sums["portions"].append({"from": before, "to": sums["passages"], "seconds": seconds})
    noted.write_text(json.dumps(sums))
    library.close()
    return sums


def ask(options: argparse.Namespace) -> dict[str, Any]:
    """Put the questions: milliseconds, peak memory, and what opening costs."""
    with options.questions.open(encoding="utf-8") as lines:
        questions = [str(json.loads(line)["text"]) for line in lines][: options.count]
    began = time.perf_counter()
    library = Library(Settings(home=options.home / "library"))
    search(library, questions[0], clearance=options.clearance, as_of=TODAY)
    opened = time.perf_counter() - began
    times = []
    for question in questions:
        started = time.perf_counter()
        search(library, question, clearance=options.clearance, as_of=TODAY)
        times.append((time.perf_counter() - started) * 1000)
    passages, embedded = library.registry.counts()
    revisions = len(library.published)
    library.close()
    return {
        "passages": passages,
        "embedded": embedded,
        "revisions": revisions,
        "questions": len(times),
        "median": statistics.median(times),
        "p95": statistics.quantiles(times, n=20)[-1],
        "longest": max(times),
        "opened": opened,
        "peak": peak_megabytes(),
    }


STAGES = {"ingest": ingest, "ask": ask}


def main() -> None:
    """Run the stages, each as a child, or, as a child, one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="a folder for the files and the library; kept")
    parser.add_argument("--passages", type=int, default=250_000)
    parser.add_argument("--shape", choices=["law", "article"], default="law", help="what a document is")
    parser.add_argument("--minutes", type=float, default=1e9, help="stop adding after so long; run again to go on")
    parser.add_argument("--count", type=int, default=708, help="how many questions")
    parser.add_argument("--clearance", type=int, default=HIGHEST_LEVEL, help="of the reader; below 3 the vector index filters too")
    parser.add_argument("--laws", type=Path, default=SHARED / "corpora" / "laws" / "articles.jsonl.gz")
    parser.add_argument("--questions", type=Path, default=SHARED / "eval" / "retrieval" / "nta_qa_law_dev" / "queries.jsonl")
    parser.add_argument("--stage", choices=STAGES, help="only this one, in this process")
    options = parser.parse_args()
    for file in (options.laws, options.questions):
        if not file.is_file():
            sys.exit(f"{file} is not here. Name the laws and the questions: --laws FILE --questions FILE")
    if options.stage:
        print(json.dumps(STAGES[options.stage](options)))
        return
    options.home.mkdir(parents=True, exist_ok=True)
    found = {}
    for stage in STAGES:
        done = subprocess.run(
            [sys.executable, "-m", "tests.benchmarks.scale", *sys.argv[1:], "--stage", stage], check=True, stdout=subprocess.PIPE, text=True
        )
        found[stage] = json.loads(done.stdout.splitlines()[-1])
    added, asked = found["ingest"], found["ask"]
    if added["passages"] < options.passages:
        print(f"{added['passages']} of {options.passages} passages are in. Run it again to go on.")
    sizes = {name: megabytes_on_disk(options.home / "library" / name) for name in ("registry.sqlite3", "index", "originals")}
    print(f"passages    {asked['passages']} of {asked['revisions']} documents, {asked['embedded']} with a vector")
    print(f"ingestion   {added['added'] / added['seconds']:.0f} passages/s, peak memory {added['peak']:.0f} MB")
    print(f"references  {added.get('links', 0.0):.0f} s more")
    print("on disk     " + ", ".join(f"{name} {size:.0f} MB" for name, size in sizes.items()))
    milliseconds = f"{asked['median']:.1f} ms (median), {asked['p95']:.1f} ms (p95), {asked['longest']:.0f} ms (longest)"
    print(f"a query     {milliseconds} of {asked['questions']}")
    print(f"opening     {asked['opened']:.1f} s with the first question; peak memory of search {asked['peak']:.0f} MB")


if __name__ == "__main__":
    main()
