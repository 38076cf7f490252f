"""The README's map of the files is what is there. ``python -m tests.test_readme`` writes it anew."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

from tests.conftest import REPOSITORY

README = REPOSITORY / "README.md"
OTHERS = {
    "corpus/sources.toml": "what the sample ministry's documents are: title, issuer, dates, level",
    "corpus/golden.toml": "questions as staff put them, with the provisions that answer, and questions that nothing answers",
    "corpus/ja, corpus/en": "the documents; corpus/make holds what the PDF and Word files are made from",
    "rag/thesaurus.toml": "what people say -> what regulations write",
    "rag/models/static-ja.md": "the card of the Japanese model beside it",
    "rag/models/second-stage.md": "the card of the second stage's weights; the measure of refusing has its card in enough.toml",
    "rag/ui/texts.toml": "every word of the screens, in both languages",
    "notebooks/01_library.ipynb": "a tour of a library: documents, when they apply, passages, structure, references, as plots",
    "notebooks/02_retrieval.ipynb": "retrieval measured: what each part is worth, where it fails, by kind of question",
    "notebooks/03_chunking_and_fusion.ipynb": "ways of cutting documents and of fusing lists, compared",
    "notebooks/plots.py": "what the notebooks share",
    "notebooks/train_static_ja.py": "how the Japanese model was trained",
    "notebooks/compare_japanese.py": "three ways to Japanese vectors without a download, beside the same BM25",
    "notebooks/train_second_stage.py": "how the weights of the second stage are learned",
    "notebooks/train_enough.py": "how the measure of whether the documents answer is learned",
    "notebooks/unanswered.txt": "questions that no rulebook holds, which it is learned from",
    "notebooks/reader/data/": "written questions with near misses, split by document, to train and measure a reader",
    "tests/": "as rag/, file by file; tests/benchmarks measures, and is not part of make test",
}


def listed() -> str:
    """One line a file: its path, and the first sentence of what it says of itself."""
    names = subprocess.run(["git", "ls-files", "app.py", "rag"], cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split()
    lines = {name: said for name in names if name.endswith(".py") and (said := _first_sentence(REPOSITORY / name))} | OTHERS
    width = max(map(len, lines))
    return "".join(f"    {name:<{width}}  {said}\n" for name, said in lines.items())


def _first_sentence(file: Path) -> str:
    doc = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = re.split(r"(?<=[^.]\.)\s|\n\n", doc, maxsplit=1)[0]
    return " ".join(first.split()).replace("``", "").replace(":func:", "").replace(":mod:", "").rstrip(".")


def _replaced(text: str) -> str:
    before, _, rest = text.partition("## The files\n\n")
    _, _, after = rest.partition("\n## ")
    return f"{before}## The files\n\n{listed()}\n## {after}"


def test_the_map_of_the_files_is_current() -> None:
    text = README.read_text(encoding="utf-8")
    assert text == _replaced(text), "run: python -m tests.test_readme"


def test_every_link_and_picture_is_there() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text(encoding="utf-8"))
    assert targets
    assert [target for target in targets if "://" not in target and not (REPOSITORY / target).exists()] == []


def test_every_setting_is_explained() -> None:
    source = (REPOSITORY / "rag" / "settings.py").read_text(encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    assert [name for name in set(re.findall(r"KONKYO_[A-Z_]+", source)) if name not in text] == []


if __name__ == "__main__":
    README.write_text(_replaced(README.read_text(encoding="utf-8")), encoding="utf-8")
