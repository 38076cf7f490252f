"""Imports point down, each heavy dependency has one home, no file is long. Read with ast, so nothing runs.

A new module must be given a place here before it imports anything: that is the moment to think where it belongs.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from .conftest import REPOSITORY

LAYERS: tuple[tuple[str, ...], ...] = (
    ("app",),
    ("rag.__main__", "rag.ui"),
    ("rag.cli",),
    ("rag.desk",),
    ("rag.evaluate",),
    ("rag.ask", "rag.export"),
    ("rag.search", "rag.ingest"),
    ("rag.lift", "rag.known"),
    ("rag.named", "rag.premises", "rag.compare", "rag.graph", "rag.link"),
    ("rag.library",),
    ("rag.meaning", "rag.audit", "rag.trust", "rag.second_stage", "rag.mentioned", "rag.rights"),
    ("rag.answer",),
    (
        "rag.registry",
        "rag.chunk",
        "rag.embed",
        "rag.cross_encoder",
        "rag.static",
        "rag.index",
        "rag.read",
        "rag.sources",
        "rag.statute",
        "rag.model",
    ),
    ("rag.question", "rag.conversation"),
    ("rag.thesaurus", "rag.about"),
    ("rag.terms", "rag.inside"),
    ("rag.spelling", "rag.text", "rag.settings", "rag.holder", "rag.recorded", "rag.scratch", "rag.originals"),
    ("rag.serve",),
    ("rag.records", "rag.errors"),
    ("rag",),
)
"""From the top down. A module, or a package with all below it; it may import what stands in a lower row, and its own parts."""

TOGETHER = dict.fromkeys(("rag.names", "rag.address", "rag.provisions", "rag.references", "rag.works"), "rag.statute")
"""Top-level modules that are one stage in several files: names <- address <- statute, provisions <- references, works."""

EXCEPTIONS = {
    ("rag.index", "rag.embed"): "index/vector.py names the type Vectors, which is float32 (n, d), unit length",
    ("rag.registry", "rag.embed"): "registry keeps some vectors aside and names their type, Vectors",
    ("rag.static", "rag.embed"): "static.py speaks like embed.py, in the same types",
}
"""Imports inside a row, each with its reason. No other is allowed: stages know nothing of each other."""

ONLY_THESE_NAMES = {
    ("rag.index", "rag.embed"): {"Vectors"},
    ("rag.registry", "rag.embed"): {"Vectors"},
    ("rag.static", "rag.embed"): {"Role", "Vectors"},
}
"""What an exception covers."""

SETTINGS_READERS = {
    "app",
    "rag.cli",
    "rag.library",
    "rag.ui.opening",
    "rag.evaluate.retrieval",
    "rag.evaluate.ablation",
    "rag.evaluate.answers",
}
"""Entry points, the library, and the measuring that opens a library of its own."""

HOMES: dict[str, set[str]] = {
    "streamlit": {"app", "rag.ui"},
    "starlette": {"rag.serve.guard", "rag.ui.protection"},
    "chromadb": {"rag.index.vector"},
    "tantivy": {"rag.index.keyword"},
    "torch": {"rag.embed", "rag.recorded"},
    "sentence_transformers": {"rag.embed", "rag.recorded", "rag.cross_encoder"},
    "transformers": {"rag.embed"},
    "sqlalchemy": {"rag.registry"},
    "sqlite3": {"rag.registry"},
    "filelock": {
        "rag.ingest",  # one writer of the library
        "rag.index.vector",  # nobody opens the graph while it is written
        "rag.desk.work",  # one process does the jobs
        "rag.scratch",  # what is left over is told from what is in use
    },
    "pypdf": {"rag.read.pdf"},
    "pypdfium2": {"rag.read.pdfium"},
    "PIL": {
        "rag.read.pdfium",  # the engine hands out pictures
        "rag.read.page_picture",  # draws on them
        "rag.read.picture",  # opens those that are files of their own
        "rag.read.scan",  # makes them straight and clean
        "rag.read.ocr",  # hands them to Tesseract
        "rag.read.pdf",  # names their type
    },
    "docx": {"rag.read.docx", "rag.export.word"},
    "jsonschema": {"rag.export.check"},
    "openpyxl": {"rag.read.xlsx"},
    "pptx": {"rag.read.pptx"},
    "bs4": {"rag.read.html", "rag.read.markdown"},  # Markdown holds HTML, which is cleaned the same way
    "lxml": {
        "rag.read.law_xml",
        "rag.read.egov_html",
        "rag.read.docx",  # python-docx hands out its elements
        "rag.read.xlsx",  # what openpyxl does not tell: hidden, merged, never calculated
        "rag.read.pptx",  # the errors of python-pptx
    },
    "markdown_it": {"rag.read.markdown"},
    "charset_normalizer": {"rag.read.plain"},
    "opencc": {"rag.spelling"},
    "sudachipy": {"rag.terms"},
    "snowballstemmer": {"rag.terms"},
    "llama_index": {
        "rag.chunk",
        "rag.embed",
        "rag.index.vector",
        "rag.model",
    },  # its splitter, embedding interface, vector store, language models
    "openai": {"rag.model"},
    "httpx": {"rag.model", "rag.desk.egov"},
    "datasketch": {"rag.desk.near"},
    "typer": {"rag.cli"},
    "rich": {"rag.cli"},
    "matplotlib": {"rag.evaluate.refusal", "rag.evaluate.deciding"},
    "ir_measures": {"rag.evaluate.retrieval"},
    "scipy": {"rag.evaluate.significance"},
}
"""Where a heavy dependency may be imported: a module, or a package with all below it."""

LONGEST_FILE = 500


def files() -> list[Path]:
    return [REPOSITORY / "app.py", *sorted((REPOSITORY / "rag").rglob("*.py"))]


def module_of(file: Path) -> str:
    return ".".join(file.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


@cache
def known() -> frozenset[str]:
    return frozenset(map(module_of, files()))


@cache
def imports(file: Path) -> tuple[tuple[str, str], ...]:
    """(module, name taken from it or "") of every import in a file, also those inside functions and TYPE_CHECKING."""
    return tuple(_imports(file))


def _imports(file: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{file}: imports are written out from the top"
            for alias in node.names:
                # "from rag import terms" takes a module, "from rag.text import fold" a name of one.
                whole = f"{node.module}.{alias.name}"
                yield (whole, "") if whole in known() else (node.module, alias.name)


@cache
def graph() -> dict[str, frozenset[tuple[str, str]]]:
    """Module of ours -> (module of ours, name) that it imports."""
    return {
        module_of(file): frozenset((other, name) for other, name in imports(file) if other.partition(".")[0] in ("rag", "app"))
        for file in files()
    }


def part_of(module: str) -> str:
    """The entry of LAYERS that a module belongs to."""
    module = TOGETHER.get(module, module)
    entries = {entry for layer in LAYERS for entry in layer}
    while module not in entries:
        module = module.rpartition(".")[0]
        if module in ("", "rag"):
            return ""
    return module


def layer_of(part: str) -> int:
    return next(at for at, layer in enumerate(LAYERS) if part in layer)


def within(module: str, homes: set[str]) -> bool:
    return any(module == home or module.startswith(home + ".") for home in homes)


@pytest.mark.parametrize("module", sorted(known()))
def test_every_module_has_a_layer(module: str) -> None:
    assert part_of(module), f"{module} is new: write in LAYERS where it stands"


@pytest.mark.parametrize("module", sorted(known()))
def test_imports_point_down(module: str) -> None:
    part = part_of(module)
    for other, name in graph()[module]:
        target = part_of(other)
        assert target, f"{module} imports {other}, which has no layer"
        if target == part:
            continue
        allowed = layer_of(target) > layer_of(part)
        if (part, target) in EXCEPTIONS:
            allowed = name in ONLY_THESE_NAMES[part, target]
        assert allowed, f"{module} imports {name or other} of {target}, which stands beside it or above"


def test_no_exception_is_left_over() -> None:
    used = {(part_of(module), part_of(other)) for module, found in graph().items() for other, _ in found}
    assert set(EXCEPTIONS) <= used
    assert set(TOGETHER) <= known()
    assert set(EXCEPTIONS) == set(ONLY_THESE_NAMES)
    assert all(layer_of(one) == layer_of(other) for one, other in EXCEPTIONS)


def test_no_circle() -> None:
    # Inside a package too: rag.ui and rag.read have many files.
    after: dict[str, list[str]] = {module: sorted({other for other, _ in found}) for module, found in graph().items()}
    done: set[str] = set()

    def walk(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " -> ".join([*trail[trail.index(module) :], module])
        if module not in done:
            for other in after.get(module, []):
                walk(other, (*trail, module))
            done.add(module)

    for module in after:
        walk(module, ())


def test_settings_are_read_at_the_edge() -> None:
    readers = {module for module, found in graph().items() if any(other == "rag.settings" for other, _ in found)}
    assert {reader for reader in readers if not within(reader, SETTINGS_READERS)} == set()


@pytest.mark.parametrize("dependency", HOMES)
def test_a_heavy_dependency_stays_at_home(dependency: str) -> None:
    users = {module_of(file) for file in files() if any(name.partition(".")[0] == dependency for name, _ in imports(file))}
    assert {user for user in users if not within(user, HOMES[dependency])} == set()


def test_no_home_stands_empty() -> None:
    used = {(name.partition(".")[0], module_of(file)) for file in files() for name, _ in imports(file)}
    empty = [
        (dependency, home)
        for dependency, homes in HOMES.items()
        for home in homes
        if dependency != "sqlite3" and not any(name == dependency and within(user, {home}) for name, user in used)
    ]
    assert empty == []


@pytest.mark.parametrize("file", files(), ids=module_of)
def test_no_file_is_long(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE


def test_the_layers_themselves_are_in_order() -> None:
    # The rows must say something: a module must not stand in two.
    entries = [entry for layer in LAYERS for entry in layer]
    assert len(entries) == len(set(entries))
    assert layer_of("rag.records") > layer_of("rag.text") > layer_of("rag.chunk") > layer_of("rag.library") > layer_of("rag.search")
