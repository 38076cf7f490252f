"""How fast is ingestion, beside LlamaIndex's starter with the same model, the same Chroma and the same passages?

Both index the first 2,000 passages of a BEIR folder, in turns, each round in a new process and a new folder; the median of
the rounds and their ratio are printed. Ours does more: it registers, keeps offsets, writes a keyword index, survives kills.

    make bench                                          both, with bfloat16 where the processor has it
    .venv/bin/python tests/benchmarks/ingestion.py --float32
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import cache
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
DEFAULT = REPOSITORY.parent / "shared" / "eval" / "retrieval" / "obliqa_dev"


def passages(folder: Path, count: int) -> list[tuple[str, str, str]]:
    """(id, title, text) of the first passages."""
    with (folder / "corpus.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for _, line in zip(range(count), lines, strict=False)]
    return [(row["_id"], row.get("title", ""), row["text"]) for row in rows]


def starter(rows: list[tuple[str, str, str]], home: Path, float32: bool) -> float:
    """LlamaIndex's own way: documents, an embedding model, a Chroma store, one index. Returns seconds."""
    import chromadb
    from llama_index.core import Document, StorageContext, VectorStoreIndex
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding
    from llama_index.vector_stores.chroma import ChromaVectorStore

    from rag.embed import Embedder

    del float32  # the starter has no such switch: it runs the model as it comes
    embed = HuggingFaceEmbedding(str(Embedder()._folder()))
    embed.get_text_embedding("warm")
    started = time.perf_counter()
    store = ChromaVectorStore(chroma_collection=chromadb.PersistentClient(path=str(home)).create_collection("starter"))
    documents = [Document(text=f"{title}\n{text}", doc_id=id_) for id_, title, text in rows]
    VectorStoreIndex.from_documents(documents, storage_context=StorageContext.from_defaults(vector_store=store), embed_model=embed)
    return time.perf_counter() - started


def ours(rows: list[tuple[str, str, str]], home: Path, float32: bool) -> float:
    """Ingestion as `evaluate retrieval` does it. Returns seconds."""
    from rag import embed
    from rag.evaluate.beir import passage_document
    from rag.ingest import Ingester
    from rag.library import Library
    from rag.settings import Settings

    if float32:
        embed.fast_bfloat16 = cache(lambda: False)
    library = Library(Settings(home=home))
    library.embedder.encode(["warm"])
    started = time.perf_counter()
    with Ingester(library, clearance=3) as ingester:
        for id_, title, text in rows:
            ingester.add(passage_document({"_id": id_, "title": title, "text": text}))
        ingester.flush()
    return time.perf_counter() - started


def main() -> None:
    """Run the rounds, or, as a child, one of them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=Path, default=DEFAULT, help="a BEIR folder")
    parser.add_argument("--passages", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--float32", action="store_true", help="ours without bfloat16")
    parser.add_argument("--one", choices=["starter", "ours"], help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not (options.folder / "corpus.jsonl").is_file():
        sys.exit(f"{options.folder} is not here. Name a BEIR folder: --folder DIR")
    if options.one:
        rows = passages(options.folder, options.passages)
        with tempfile.TemporaryDirectory() as home:
            print(json.dumps((starter if options.one == "starter" else ours)(rows, Path(home), options.float32)))
        return
    rates: dict[str, list[float]] = {"starter": [], "ours": []}
    for _ in range(options.rounds):
        for name, found in rates.items():
            command = [sys.executable, __file__, "--one", name, "--folder", str(options.folder), "--passages", str(options.passages)]
            environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "HF_HUB_OFFLINE": "1", "ANONYMIZED_TELEMETRY": "False"}
            done = subprocess.run(command + ["--float32"] * options.float32, env=environment, check=True, stdout=subprocess.PIPE, text=True)
            found.append(options.passages / json.loads(done.stdout.splitlines()[-1]))
            print(f"{name:<8} {found[-1]:6.0f} passages/s", flush=True)
    ratios = [b / a for a, b in zip(rates["starter"], rates["ours"], strict=True)]
    for name, found in rates.items():
        print(f"{name:<8} median {statistics.median(found):.0f} passages/s")
    print(f"ratio    median {statistics.median(ratios):.2f} of {options.rounds} pairs")


if __name__ == "__main__":
    main()
