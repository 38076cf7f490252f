"""Long work: handed in once, done in the background, going on where it stopped; one bad file keeps nothing from being done."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pypdf import PdfWriter

from rag.ask import ask
from rag.desk import golden, jobs, work
from rag.desk.feedback import record_asked
from rag.errors import LibraryError, Stopped
from rag.ingest import Ingester
from rag.library import Library
from rag.read.options import HeadingAt, Options
from rag.records import BlockKind
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED
from rag.registry.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Job
from rag.registry.questions import Questions
from tests.conftest import CORPUS, TODAY
from tests.read.make_pdf import Sheet, make_pdf, paragraph
from tests.small import found, library_at

BY: dict[str, object] = {"user": "kato", "clearance": 3}


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = library_at(tmp_path / "home")
    yield opened
    opened.close()


def do(library: Library, number: int) -> Job:
    work.work(library, today=lambda: TODAY)
    job = library.registry.jobs.get(number)
    assert job is not None
    return job


def add(library: Library, files: dict[str, bytes], **more: object) -> Job:
    return do(library, jobs.add(library, files.items(), **{**BY, **more}))  # type: ignore[arg-type]


def markdown(title: str, words: str) -> bytes:
    return f"# {title}\n\n## Article 1\n\n{words}\n".encode()


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return out.getvalue()


def states(library: Library) -> dict[str, str]:
    return {r.source.title: r.state for r in library.registry.revisions()}


def test_files_become_drafts_and_the_gate_has_looked_at_them(library: Library) -> None:
    sources = b'[[document]]\nid = "b"\nfile = "b.md"\ntitle = "The B"\nlevel = 2\n'
    archive = zipped({"b.md": markdown("B", "Lunch is at noon."), "sources.toml": sources, "sub/c.md": markdown("C", "Tea is at three.")})
    lying = (CORPUS / "en" / "travel-manual.html").read_bytes() if (CORPUS / "en" / "travel-manual.html").exists() else b"<html><p>x</p>"
    job = add(
        library,
        {
            "a.md": markdown("A", "Parking is free."),
            "folder.zip": archive,
            "broken.pdf": b"%PDF-1.7 torn",
            "page.txt": lying,
            "empty.md": b"",
        },
        level=1,
    )
    assert job.state == DONE, job.message
    told = {entry["name"]: (entry["result"], entry["code"]) for entry in job.told}
    assert told["a.md"] == ("added", "") and told["b.md"] == ("added", "") and told["folder/sub/c.md"] == ("added", "")
    assert told["broken.pdf"] == ("failed", "damaged") and told["empty.md"] == ("failed", "empty")
    drafts = library.registry.revisions(DRAFT)
    assert {(r.source.title, r.source.level) for r in drafts} >= {("A", 1), ("The B", 2), ("C", 1)}
    assert set(library.registry.desk.checks()) == {r.number for r in drafts}
    assert library.published == []
    assert not any((library.home / jobs.INBOX).iterdir()), "what is taken in needs no room any more"


def test_a_bad_archive_is_refused_and_the_others_go_on(library: Library) -> None:
    job = add(library, {"climbs.zip": zipped({"../x.md": b"# x"}), "torn.zip": b"PK\x03\x04", "a.md": markdown("A", "Parking is free.")})
    assert job.state == DONE
    told = {entry["name"]: entry for entry in job.told}
    assert [told[name]["code"] for name in ("climbs.zip", "torn.zip", "a.md")] == ["archive", "archive", ""]
    assert "leads out of its folder" in told["climbs.zip"]["reason"]


def test_what_was_handed_in_and_what_is_told_add_up(library: Library) -> None:
    files = {"climbs.zip": zipped({"../x.md": b"# x"}), "empty.zip": zipped({}), "two.zip": zipped({"a.md": b"# A\n\nTea.", "b.md": b"#"})}
    job = add(library, {**files, "c.md": markdown("C", "Parking is free.")})
    told = {entry["name"]: (entry["result"], entry["code"]) for entry in job.told}
    assert told["empty.zip"] == ("failed", "archive") and "no documents" in next(e["reason"] for e in job.told if e["name"] == "empty.zip")
    assert set(told) == {"climbs.zip", "empty.zip", "two/a.md", "two/b.md", "c.md"}
    assert job.total == len(job.told) == 5


def test_the_published_text_with_another_day_is_no_new_revision(library: Library) -> None:
    rule = markdown("Rule", "The office approves travel.")
    id = add(library, {"rule.md": rule}, level=1, effective_from=date(2026, 4, 1)).told[0]["document_id"]
    do(library, jobs.publish(library, [r.number for r in library.registry.revisions(DRAFT)], user="kato", clearance=3))
    for more in ({"document_id": id, "effective_from": date(2027, 4, 1)}, {"effective_from": date(2027, 4, 1)}):
        job = add(library, {"rule.md": rule}, **more)
        ((result, reason),) = [(entry["result"], entry["reason"]) for entry in job.told]
        assert result == "unchanged" and "2026-04-01" in reason and "correct" in reason
        assert library.registry.revisions(DRAFT) == []
    again = add(library, {"rule.md": rule}, level=1, effective_from=date(2026, 4, 1))
    assert [(entry["result"], entry["reason"]) for entry in again.told] == [("unchanged", "")]


def test_what_was_retired_is_told_as_such_under_another_name(library: Library) -> None:
    rule = markdown("Rule", "The office approves travel.")
    add(library, {"rule.md": rule}, level=1)
    do(library, jobs.publish(library, [r.number for r in library.registry.revisions(DRAFT)], user="k", clearance=3, reason="no dates"))
    do(library, jobs.retire(library, [r.number for r in library.registry.revisions(PUBLISHED)], user="k", clearance=3, reason="over"))
    (entry,) = add(library, {"copy.md": rule}, level=1).told
    assert (entry["result"], "was retired; to bring it back" in entry["reason"]) == ("duplicate", True)


def test_three_hundred_files_of_which_seven_are_broken(library: Library) -> None:
    files = {f"{n:03}.md": markdown(f"Rule {n}", f"Room {n} is booked at the counter.") for n in range(293)}
    files |= {f"broken{n}.docx": b"PK\x03\x04 no" for n in range(7)}
    job = add(library, files, level=1)
    results = [entry["result"] for entry in job.told]
    assert (job.state, results.count("added"), results.count("failed"), job.total) == (DONE, 293, 7, 300)


def test_the_same_file_twice_and_under_the_same_name(library: Library) -> None:
    first = add(library, {"a.md": markdown("A", "Parking is free."), "copy.md": markdown("A", "Parking is free.")})
    assert {entry["name"]: entry["result"] for entry in first.told} == {"a.md": "added", "copy.md": "duplicate"}
    again = add(library, {"a.md": markdown("A", "Parking is free.")})
    assert [entry["result"] for entry in again.told] == ["unchanged"]
    changed = add(library, {"a.md": markdown("A", "Parking costs money.")})
    assert [entry["result"] for entry in changed.told] == ["revised"]
    assert changed.told[0]["document_id"] == first.told[0]["document_id"]


def test_it_goes_on_where_it_was_killed(library: Library) -> None:
    number = jobs.add(library, [(f"{n}.md", markdown(f"Rule {n}", f"Room {n} is free.")) for n in range(4)], user="kato", clearance=3)
    begun = library.registry.jobs.next()
    assert begun is not None and begun.state == RUNNING
    told = [{"name": "0.md", "result": "added", "document_id": "x", "code": "", "reason": ""}]
    library.registry.jobs.note(number, told=told)  # and here its program dies
    job = do(library, number)
    assert (job.state, job.tries) == (DONE, 2)
    assert [entry["name"] for entry in job.told] == ["0.md", "1.md", "2.md", "3.md"]


def test_what_kills_its_program_again_and_again_is_given_up(library: Library) -> None:
    number = jobs.add(library, [("a.md", markdown("A", "x"))], user="kato", clearance=3)
    for _ in range(work.TRIES):
        assert library.registry.jobs.next() is not None
        library.registry.jobs.take_back()
    job = do(library, number)
    assert (job.state, job.code) == (FAILED, "Died")


def test_it_can_be_stopped(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "NOTE_SECONDS", 0.0)
    waiting = jobs.add(library, [("a.md", markdown("A", "x"))], user="kato", clearance=3)
    library.registry.jobs.cancel(waiting)
    assert do(library, waiting).state == CANCELLED
    running = jobs.add(library, [(f"{n}.md", markdown(f"Rule {n}", "x y")) for n in range(9)], user="kato", clearance=3)
    add_files = Ingester.add_files

    def and_stop(self: Ingester, found_: object) -> Iterator[object]:
        yield from add_files(self, found_)  # type: ignore[arg-type]
        library.registry.jobs.cancel(running)
        with pytest.raises(Stopped):
            self._progress("reading on")
        raise Stopped("as the writer does")

    monkeypatch.setattr(Ingester, "add_files", and_stop)
    job = do(library, running)
    assert job.state == CANCELLED
    assert len(library.registry.revisions(DRAFT)) == 9, "what was acknowledged stays"


def test_it_waits_for_another_writer(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(work, "AGAIN_SECONDS", 0.0)
    number = jobs.add(library, [("a.md", markdown("A", "Parking is free."))], user="kato", clearance=3)
    look = library.registry.jobs.next
    with Ingester(library, clearance=3) as other:
        calls = iter(range(3))

        def next_or_free() -> Job | None:
            if next(calls) == 2:
                other.__exit__(None, None, None)
            return look()

        monkeypatch.setattr(type(library.registry.jobs), "next", lambda self: next_or_free())
        with pytest.raises(StopIteration):
            work.work(library, today=lambda: TODAY)
    job = library.registry.jobs.get(number)
    assert job is not None and job.state in (DONE, WAITING) and job.tries <= 1


def test_only_one_process_does_the_jobs(library: Library) -> None:
    from filelock import FileLock

    jobs.add(library, [("a.md", b"# a")], user="kato", clearance=3)
    assert not work.is_worked_on(library)
    with FileLock(library.home / "jobs.lock"):
        assert work.is_worked_on(library)
        assert work.work(library) == 0
    assert library.registry.jobs.waiting()


def test_the_whole_life_of_a_document(library: Library) -> None:
    old = add(library, {"rule.md": markdown("Travel Rule", "The office approves travel.")}, effective_from=date(2026, 4, 1), level=1)
    id = old.told[0]["document_id"]
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    stopped = do(library, jobs.correct(library, id, "", {"effective_from": ""}, user="kato", clearance=3))
    assert stopped.state == DONE
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    assert do(library, jobs.publish(library, numbers, user="kato", clearance=3)).code == "GateClosed"
    sha = library.registry.revisions(DRAFT)[0].sha256
    wrong = do(library, jobs.correct(library, id, sha, {"effective_from": "soon"}, user="kato", clearance=3))
    assert (wrong.state, "soon" in wrong.message) == (FAILED, True)
    do(library, jobs.correct(library, id, sha, {"effective_from": "2026-04-01", "issued": "2026-03-01"}, user="kato", clearance=3))
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    do(library, jobs.check(library, numbers, user="kato", clearance=3))
    assert states(library) == {"Travel Rule": CHECKED}
    assert do(library, jobs.publish(library, numbers, user="kato", clearance=3)).state == DONE
    assert found(library, "who approves travel")

    new = add(
        library,
        {"rule.md": markdown("Travel Rule", "The counter approves travel.")},
        document_id=id,
        effective_from=date(2026, 10, 1),
    )
    assert new.told[0]["document_id"] == id
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    assert do(library, jobs.publish(library, numbers, user="kato", clearance=3, reason="nobody knows when it was issued")).state == DONE
    for day, word in ((date(2026, 6, 1), "office"), (TODAY, "counter")):
        (statement, *_) = ask(library, "Who approves travel?", clearance=3, as_of=day).statements
        assert word in statement.text, day
    both = [r.number for r in library.registry.revisions(PUBLISHED)]
    assert len(both) == 2
    assert do(library, jobs.retire(library, both, user="kato", clearance=3, reason="over")).state == DONE
    assert found(library, "who approves travel") == []
    assert {r.state for r in library.registry.revisions()} == {RETIRED}


def test_a_golden_question_that_would_be_lost_is_named(library: Library) -> None:
    id = add(library, {"rule.md": markdown("Rule", "The office approves travel.")}, level=1).told[0]["document_id"]
    publish = [r.number for r in library.registry.revisions(DRAFT)]
    do(library, jobs.publish(library, publish, user="kato", clearance=3, reason="no dates"))
    expect = [{"document": id, "path": "Article 1", "page": None}]
    library.registry.golden.add("Who approves travel?", language="en", expect=expect, as_of=None, topic="", user="kato")
    add(library, {"rule.md": b"# Rule\n\n## Lunch\n\nLunch is at noon.\n"}, level=1)
    numbers = [r.number for r in library.registry.revisions(DRAFT)]
    lost = do(library, jobs.publish(library, numbers, user="kato", clearance=3, reason="no dates"))
    assert (lost.state, lost.code) == (FAILED, "GoldenRegressed")
    assert lost.told[0]["question"] == "Who approves travel?" and lost.told[0]["now"] == "hit"
    standing = [r.number for r in library.registry.revisions(PUBLISHED)]
    stays = do(library, jobs.retire(library, standing, user="kato", clearance=3, reason="old"))
    assert (stays.state, stays.code, stays.told) == (FAILED, "GoldenRegressed", lost.told)
    assert [r.number for r in library.registry.revisions(PUBLISHED)] == standing and library.registry.golden.runs() == []
    assert do(library, jobs.publish(library, numbers, user="kato", clearance=3, reason="no dates", accept="over")).state == DONE


def test_how_a_file_is_read_can_be_corrected_and_stays_so(library: Library) -> None:
    words = "# Rule\n\nOpening hours\n\nThe counter opens at nine.\n"
    id = add(library, {"rule.txt": words.encode()}, level=1).told[0]["document_id"]
    (draft,) = library.registry.revisions(DRAFT)
    options = Options(headings=(HeadingAt(text="Opening hours", depth=2),))
    job = do(library, jobs.read_again(library, id, draft.sha256, options, user="kato", clearance=3))
    assert job.state == DONE, job.message
    assert jobs.options_of(library, id, draft.sha256) == options
    (draft,) = library.registry.revisions(DRAFT)
    document = library.registry.documents([draft.number])[draft.number]
    assert ("Opening hours",) in {block.path[-1:] for block in document.blocks if "nine" in block.span.cut(document.text)}
    actions = [event.action for event in library.registry.events.all(id)]
    assert "correct reading" in actions


def test_answers_whose_words_changed_are_asked_again(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home", keep_questions="text")
    words = b"# Rule\n\n## Article 1\n\nThe office approves travel.\n\n## Article 2\n\nParking is free of charge.\n"
    id = add(library, {"rule.md": words}, level=1).told[0]["document_id"]
    first = [r.number for r in library.registry.revisions(DRAFT)]
    do(library, jobs.publish(library, first, user="kato", clearance=3, reason="no dates"))
    for question in ("Who approves travel?", "Is parking free of charge?"):
        assert record_asked(library, ask(library, question, clearance=3, as_of=TODAY), 0.1)
    expect = [{"document": id, "path": "Article 1", "page": None}]
    library.registry.golden.add("Does the office approve travel?", language="en", expect=expect, as_of=None, topic="", user="kato")
    add(library, {"rule.md": words.replace(b"The office", b"The counter")}, level=1)
    second = [r.number for r in library.registry.revisions(DRAFT)]
    job = do(library, jobs.publish(library, second, user="kato", clearance=3, reason="no dates"))
    assert [entry for entry in job.told if entry["result"] == "affected"] == [{"result": "affected"}] * 2
    with Questions(library.home) as questions:
        touched = {one.question: one for one in questions.changed_by(job.number)}
        assert set(touched) == {"Who approves travel?", "Does the office approve travel?"}
        assert touched["Who approves travel?"].old == ("The office approves travel.",)
        assert "The counter approves travel." in touched["Who approves travel?"].new
        assert b"Who approves travel?" not in (library.home / "registry.sqlite3").read_bytes(), "kept for its time only"
        questions.delete_before(datetime.now(UTC) + timedelta(seconds=1))
        assert questions.changed_by(job.number) == []
    library.close()


def test_answers_from_a_document_that_another_one_replaces_are_asked_again(tmp_path: Path) -> None:
    library = library_at(tmp_path / "home", keep_questions="text")
    add(library, {"rule.md": markdown("Old rule", "The office approves travel.")}, level=1)
    (old,) = library.registry.revisions(DRAFT)
    do(library, jobs.publish(library, [old.number], user="kato", clearance=3, reason="no dates"))
    assert record_asked(library, ask(library, "Who approves travel?", clearance=3, as_of=TODAY), 0.1)
    add(library, {"new.md": markdown("New rule", "The counter approves travel.")}, level=1)
    (new,) = library.registry.revisions(DRAFT)
    do(library, jobs.correct(library, new.document_id, new.sha256, {"replaces": old.document_id}, user="kato", clearance=3))
    (new,) = library.registry.revisions(DRAFT)
    job = do(library, jobs.publish(library, [new.number], user="kato", clearance=3, reason="no dates"))
    with Questions(library.home) as questions:
        (changed,) = questions.changed_by(job.number)
    assert (changed.question, changed.old) == ("Who approves travel?", ("The office approves travel.",))
    assert changed.new[0] == "The counter approves travel."
    library.close()


def test_a_correction_that_loses_a_golden_question_waits_as_a_draft(library: Library) -> None:
    add(library, {"rule.md": markdown("Rule", "The office approves travel.")}, level=1)
    (draft,) = library.registry.revisions(DRAFT)
    do(library, jobs.publish(library, [draft.number], user="kato", clearance=3, reason="no dates"))
    golden.from_answer(library, ask(library, "Who approves travel?", clearance=3, as_of=TODAY), user="kato")
    job = do(library, jobs.correct(library, draft.document_id, draft.sha256, {"effective_to": "2020-01-01"}, user="k", clearance=3))
    assert (job.state, job.code) == (FAILED, "GoldenRegressed"), job.message
    assert [one["question"] for one in job.told] == ["Who approves travel?"]
    assert ask(library, "Who approves travel?", clearance=3, as_of=TODAY).statements, "nothing was changed yet"
    (waiting,) = library.registry.revisions(DRAFT)
    accepted = do(library, jobs.publish(library, [waiting.number], user="k", clearance=3, reason="no dates", accept="over"))
    assert accepted.state == DONE
    assert ask(library, "Who approves travel?", clearance=3, as_of=TODAY).refusal


def test_a_file_of_the_same_name_from_another_day_leaves_the_one_before_for_its_days(library: Library) -> None:
    for day, word in ((date(2026, 4, 1), "office"), (date(2026, 10, 1), "counter")):
        add(library, {"rule.md": markdown("Travel Rule", f"The {word} approves travel.")}, effective_from=day, level=1)
        drafts = [r.number for r in library.registry.revisions(DRAFT)]
        assert do(library, jobs.publish(library, drafts, user="kato", clearance=3)).state == DONE
    for day, word in ((date(2026, 6, 1), "office"), (TODAY, "counter")):
        (statement, *_) = ask(library, "Who approves travel?", clearance=3, as_of=day).statements
        assert word in statement.text, day


SECRET = "曙光-Zr7!secret"


def encrypted(words: str) -> bytes:
    """A PDF that opens with ``SECRET``."""
    writer = PdfWriter(clone_from=io.BytesIO(make_pdf(Sheet(words=paragraph(words)))))
    writer.encrypt(SECRET, algorithm="AES-256")
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


def test_a_pdf_with_a_password_waits_for_it_and_keeps_it_nowhere(library: Library) -> None:
    job = add(library, {"fees.pdf": encrypted("Parking costs 30 a month."), "other.md": markdown("Other", "Ferries run daily.")})
    assert [(entry["name"], entry.get("code")) for entry in job.told] == [("fees.pdf", "password"), ("other.md", "")]
    assert work.locked(library, job) == ["fees.pdf"]
    wrong = work.unlock(library, job.number, "fees.pdf", "曙光-Zr7!secreT", today=TODAY)
    assert (wrong.result, wrong.code) == ("failed", "password")
    again = library.registry.jobs.get(job.number)
    assert again and work.locked(library, again) == ["fees.pdf"], "it can be tried again"

    right = work.unlock(library, job.number, "fees.pdf", SECRET, today=TODAY)
    assert (right.result, right.reason) == ("added", "")
    done = library.registry.jobs.get(job.number)
    assert done and work.locked(library, done) == [] and [entry["result"] for entry in done.told] == ["added", "added"]
    (draft,) = [r for r in library.registry.revisions(DRAFT) if r.source.uri == "fees.pdf"]
    assert "Parking costs 30 a month." in library.registry.documents([draft.number])[draft.number].text
    assert draft.number in library.registry.desk.checks(), "the gate looked at it"
    with pytest.raises(LibraryError, match=r"fees\.pdf is not kept any more"):
        work.unlock(library, job.number, "fees.pdf", SECRET, today=TODAY)
    held = b"".join(file.read_bytes() for file in library.home.rglob("*") if file.is_file())
    assert held and all(
        code not in held for code in (SECRET.encode(), SECRET.encode("utf-16-le"), b"Zr7!secre", json.dumps(SECRET).encode())
    )


def test_a_protected_pdf_is_read_again_with_its_password(library: Library) -> None:
    job = add(library, {"fees.pdf": encrypted("Parking costs 30 a month.")}, level=1)
    id = str(work.unlock(library, job.number, "fees.pdf", SECRET, today=TODAY).document_id)
    (draft,) = library.registry.revisions(DRAFT)
    options = Options(headings=(HeadingAt(text="Parking costs 30 a month.", depth=0, page=1),))
    job = do(library, jobs.read_again(library, id, draft.sha256, options, user="kato", clearance=3))
    assert (job.state, [entry.get("code") for entry in job.told]) == (DONE, ["password"])
    assert library.registry.revisions(DRAFT) == [draft], "what was read before is still there"
    assert work.unlock(library, job.number, "fees.pdf", "no", today=TODAY).code == "password"
    assert work.unlock(library, job.number, "fees.pdf", SECRET, today=TODAY).reason == ""
    done = library.registry.jobs.get(job.number)
    assert done and work.locked(library, done) == []
    (draft,) = library.registry.revisions(DRAFT)
    document = library.registry.documents([draft.number])[draft.number]
    assert [block.kind for block in document.blocks] == [BlockKind.TEXT], "it was the title before"
    assert draft.number in library.registry.desk.checks(), "the gate looked at it"


def test_a_pdf_whose_password_nobody_gives_is_deleted(library: Library) -> None:
    job = add(library, {"fees.pdf": encrypted("Parking costs 30.")})
    assert work.locked(library, job) == ["fees.pdf"]
    work.forget(library, job)
    assert work.locked(library, job) == [] and not list((library.home / jobs.INBOX).iterdir())
