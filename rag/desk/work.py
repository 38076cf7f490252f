"""Does the jobs of a library, one after the other, in the process that holds ``jobs.lock``.

Each may be killed at any moment: what it acknowledged is safe, and the next worker begins the job again, passing over the files
whose outcome is written down already.
"""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from filelock import FileLock, Timeout

from rag import scratch, sources
from rag.desk import egov, gate, golden, impact
from rag.desk.correct import correct, look_again
from rag.desk.jobs import INBOX
from rag.desk.publish import check, find, publish
from rag.desk.unpack import files_in
from rag.errors import GoldenRegressed, KonkyoError, LibraryError, LibraryLocked, PasswordNeeded, ReadError, Stopped
from rag.ingest import Ingester, Outcome, Result
from rag.library import Library
from rag.registry import CHECKED, DRAFT, PUBLISHED, RETIRED, Revision
from rag.registry.jobs import CANCELLED, DONE, FAILED, WAITING, Job
from rag.registry.questions import Changed, Questions
from rag.rights import Rights, level_of, not_to_change

TRIES = 3
"""A job that ended its program so often is not begun again."""
NOTE_SECONDS = 0.3
"""So often how far a job is gets written down, and whether it is to stop is looked up."""
AGAIN_SECONDS = 1.0
"""Wait between two looks where another process holds the write lock."""
_TAKEN_IN = (Result.ADDED, Result.REVISED)


def work(library: Library, *, linger: float = 0.0, today: Callable[[], date] = date.today) -> int:
    """Do what waits, then look for more for ``linger`` seconds. Returns how many jobs it did; 0 where another process does them."""
    lock = FileLock(library.home / "jobs.lock", thread_local=False)
    try:
        lock.acquire(timeout=0.1)
    except Timeout:
        return 0
    try:
        library.registry.jobs.take_back()
        done, until = 0, time.monotonic() + linger
        while True:
            job = library.registry.jobs.next()
            if job is not None:
                _Work(library, job, today()).run()
                done, until = done + 1, time.monotonic() + linger
            elif time.monotonic() >= until:
                return done
            else:
                time.sleep(NOTE_SECONDS)
    finally:
        lock.release()


def is_worked_on(library: Library) -> bool:
    """True where a process does the jobs of this library."""
    lock = FileLock(library.home / "jobs.lock", thread_local=False)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def locked(library: Library, job: Job) -> list[str]:
    """Names of the PDFs that this job left out for want of a password, and that are kept until somebody gives it."""
    asked = {str(entry["name"]) for entry in job.told if entry.get("code") == PasswordNeeded.code}
    if job.kind == "read":  # the library has the file
        return sorted(asked)
    return [came for plain, came in job.what.get("names", ()) if came in asked and _kept(library, job, plain).is_file()]


def unlock(library: Library, number: int, name: str, password: str, *, today: date) -> Outcome:
    """Read such a PDF with its password, in this process, so that the password is handed to nobody and written nowhere.

    Raises:
        LibraryLocked: another process is writing.
        LibraryError: the file is not kept any more.
    """
    job = library.registry.jobs.get(number)
    if job is None or name not in locked(library, job):
        raise LibraryError(f"{name} is not kept any more. Add it again.")
    doing = _Work(library, job, today)
    with Ingester(library, draft=True, user=job.user, clearance=job.clearance) as ingester:
        if job.kind == "read":
            outcome = doing._reread(ingester, password)
        else:
            file = _kept(library, job, next(plain for plain, came in job.what["names"] if came == name))
            (outcome,) = ingester.add_files([doing._belongs(file, name)], password=password)
            if outcome.code != PasswordNeeded.code:
                file.unlink(missing_ok=True)
    told = [entry for entry in job.told if entry["name"] != name]
    told.append({**asdict(outcome), "warnings": list(outcome.warnings)})
    library.registry.jobs.note(number, told=told)
    _close_gap(library, number, told)
    if outcome.result in _TAKEN_IN:
        drafts = [r.number for r in library.registry.revisions(DRAFT) if r.document_id == outcome.document_id]
        gate.look_and_keep(library, drafts, user=job.user, today=today, clearance=job.clearance)
    return outcome


def forget(library: Library, job: Job) -> None:
    """Delete the files that wait for a password: nobody will give it."""
    if job.what.get("folder") and not job.open:
        shutil.rmtree(library.home / INBOX / str(job.what["folder"]), ignore_errors=True)


def _close_gap(library: Library, number: int, told: Sequence[Mapping[str, Any]]) -> None:
    """What was asked in vain is dealt with once every file that was to answer it was read."""
    if told and all(entry["result"] in _TAKEN_IN for entry in told):
        with Questions(library.home) as questions:
            questions.close_with(number)


def _kept(library: Library, job: Job, plain: str) -> Path:
    return library.home / INBOX / str(job.what["folder"]) / plain


def _is_pdf(file: Path) -> bool:
    if not file.is_file():
        return False
    with open(file, "rb") as opened:
        return b"%PDF-" in opened.read(1024)


class _Work:
    """One job."""

    def __init__(self, library: Library, job: Job, today: date) -> None:
        self._library, self._job, self._today = library, job, today
        self._store = library.registry.jobs
        self._told: list[dict[str, Any]] = list(job.told)
        self._noted = 0.0
        self._begun = 0
        self._fresh = False

    def run(self) -> None:
        """Do it, and write down what became of it."""
        number = self._job.number
        if self._job.tries > TRIES:
            message = f"The program ended {TRIES} times in the middle of this. It is not begun again; look at the file that was being read."
            self._store.end(number, FAILED, code="Died", message=message, told=self._told)
            return
        try:
            self._do()
        except LibraryLocked as error:
            if self._store.note(number, state=WAITING, stage=f"waiting: {error}", tries=self._job.tries - 1):
                self._store.end(number, CANCELLED, told=self._told)
            else:
                time.sleep(AGAIN_SECONDS)
        except Stopped:
            self._store.end(number, CANCELLED, told=self._told)
            self._clean()
        except GoldenRegressed as error:
            lost = [{"question": text, "now": now, "then": then} for text, now, then in error.lost]
            self._store.end(number, FAILED, code=type(error).__name__, message=str(error), told=lost)
        except KonkyoError as error:
            self._store.end(number, FAILED, code=type(error).__name__, message=str(error), told=self._told)
        except Exception as error:
            # The fault of one job must not keep the others from being done; it is raised again where somebody looks at the program.
            message = f"This could not be done: {type(error).__name__} ({str(error)[:300]}). What was acknowledged is safe."
            self._store.end(number, FAILED, code="Fault", message=message, told=self._told)
            self._clean()
            raise
        else:
            self._store.end(number, DONE, told=self._told)
            self._clean()

    def _do(self) -> None:
        kinds = {
            "add": self._add,
            "fetch": self._fetch,
            "read": self._read,
            "correct": self._correct,
            "check": self._check,
            "publish": self._publish,
            "retire": self._retire,
            "golden": self._golden,
        }
        kinds[self._job.kind]()

    def _stage(self, stage: str) -> None:
        """How far the writer is; ends the job where somebody wants that.

        Raises:
            Stopped: somebody wants it.
        """
        new_file = stage.startswith("reading ") and not stage.startswith("reading for meaning") and ", page " not in stage
        self._begun += new_file
        if time.monotonic() - self._noted < NOTE_SECONDS and not self._fresh:
            return
        self._noted, self._fresh = time.monotonic(), False
        if self._store.note(self._job.number, stage=stage, done=max(self._begun - 1, 0), told=self._told):
            raise Stopped(f"Stopped while {stage}.")

    def _clean(self) -> None:
        """What was handed in is taken in, or nobody wants it any more; only a PDF that needs a password waits for it."""
        if not (folder := self._job.what.get("folder")):
            return
        asked = {str(entry["name"]) for entry in self._told if entry.get("code") == PasswordNeeded.code}
        wait = {plain for plain, came in self._job.what["names"] if came in asked and _is_pdf(_kept(self._library, self._job, plain))}
        for item in (self._library.home / INBOX / str(folder)).iterdir() if wait else ():
            if item.is_dir():
                shutil.rmtree(item, ignore_errors=True)
            elif item.name not in wait:
                item.unlink(missing_ok=True)
        if not wait:
            shutil.rmtree(self._library.home / INBOX / str(folder), ignore_errors=True)

    # ------------------------------------------------------------ add

    def _add(self) -> None:
        self._stage("unpacking")
        known = {str(entry["name"]) for entry in self._told}
        found = [item for item in self._found() if item.source.uri not in known]
        self._begun = len(self._told)  # with what was told while they were looked for: archives that are not unpacked
        self._store.note(self._job.number, total=len(found) + self._begun)
        with self._ingester() as ingester:
            ingester.mend()
            for outcome in ingester.add_files(found):
                self._tell(outcome)
        ids = {str(entry["document_id"]) for entry in self._told if entry["result"] in _TAKEN_IN}
        self._look([r.number for r in self._library.registry.revisions(DRAFT) if r.document_id in ids])
        _close_gap(self._library, self._job.number, self._told)

    def _tell(self, outcome: Outcome) -> None:
        entry = asdict(outcome)
        entry["warnings"] = list(outcome.warnings)
        self._told.append(entry)
        self._fresh = True  # an outcome is written down before the next file is begun

    def _tell_once(self, outcome: Outcome) -> None:
        """Tell of what is looked at again when the job is begun again."""
        if all(entry["name"] != outcome.name for entry in self._told):
            self._tell(outcome)

    def _found(self) -> Iterator[sources.Found]:
        what = self._job.what
        folder = self._library.home / INBOX / str(what["folder"])
        unpacked = folder / "unpacked"
        shutil.rmtree(unpacked, ignore_errors=True)  # left by one that was killed
        for number, (plain, came) in enumerate(what["names"]):
            file = folder / plain
            if PurePosixPath(came).suffix.lower() == ".zip":
                yield from self._archive(file, unpacked / f"{number:05d}", came)
            elif outcome := self._published(file, came):
                self._tell_once(outcome)
            else:
                yield self._belongs(file, came)

    def _archive(self, file: Path, folder: Path, came: str) -> Iterator[sources.Found]:
        megabytes, level = self._library.settings.archive_megabytes, self._job.what["level"]
        try:
            yield from files_in(file, folder, megabytes=megabytes, name=came, level=level, look=lambda: self._stage(f"unpacking {came}"))
        except ReadError as error:
            self._tell_once(Outcome(name=came, result=Result.FAILED, reason=error.reason, code=error.code))

    def _published(self, file: Path, came: str) -> Outcome | None:
        """An outcome where a published revision has these very bytes: another day is no other text, but a correction of what is known."""
        what = self._job.what
        id = self._id(file, came)
        public = [r for r in self._library.registry.revisions(PUBLISHED) if r.document_id == id]
        if not public or not (what["document_id"] or what["effective_from"]):
            return None
        sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
        same = next((r for r in public if r.sha256 == sha256), None)
        begins = same.source.effective_from.isoformat() if same and same.source.effective_from else ""
        if same is None or not what["document_id"] and begins == what["effective_from"]:
            return None
        since = f"since {begins}" if begins else "on no day"
        reason = f"says the same as the revision in force {since}, which is published. Where only its day is another one, correct that."
        return Outcome(name=came, result=Result.UNCHANGED, document_id=id, reason=reason)

    def _belongs(self, file: Path, came: str) -> sources.Found:
        """A file under the name that it came with, to the document that it is said to belong to, or that has had a file of this name."""
        what = self._job.what
        named = sources.named(came, file, what["level"])
        begins = date.fromisoformat(what["effective_from"]) if what["effective_from"] else None
        id = self._id(file, came)
        known = [r for r in self._library.registry.revisions(PUBLISHED, DRAFT, CHECKED) if r.document_id == id]
        if not known:
            if what["document_id"]:
                raise not_to_change(id)
            return replace(named, document_id=id, source=replace(named.source, effective_from=begins))
        old = known[-1].source
        # Only a revision from the same day takes another one's place, so one of another day must not have its name.
        path = PurePosixPath(came)
        taken = begins and any(r.state == PUBLISHED and r.source.uri == came and r.source.effective_from != begins for r in known)
        source = replace(
            named.source,
            uri=str(path.with_name(f"{path.stem} ({begins}){path.suffix}")) if taken else came,
            title=old.title if what["document_id"] else "",
            issuer=old.issuer,
            kind=old.kind,
            level=what["level"] or old.level,
            licence=old.licence,
            language=old.language,
            effective_from=begins or named.source.effective_from,
        )
        return replace(named, document_id=id, source=source, listed=bool(what["document_id"]))

    def _id(self, file: Path, came: str) -> str:
        """The document of a file: the one that it is said to belong to, or the one that has had a file of this name.

        Raises:
            UnknownDocument: it is said to belong to one that whoever handed it in may not change, or that is not there.
        """
        if chosen := str(self._job.what["document_id"]):
            self._rights.must_change(chosen)
        return chosen or self._rights.own_id(sources.named(came, file).document_id)

    @cached_property
    def _rights(self) -> Rights:
        """Of whoever handed in the job, as it begins. The writer looks again."""
        return Rights.of(self._library.registry.revisions(), self._job.clearance)

    # ------------------------------------------------------------ the other kinds

    def _fetch(self) -> None:
        what, settings = self._job.what, self._library.settings
        self._stage(f"fetching {what['wanted']}")
        law = egov.fetch(settings.egov_url, what["wanted"], megabytes=settings.file_megabytes)
        self._store.note(self._job.number, total=1)
        with scratch.folder(self._library.home, "fetched") as folder:
            file = folder / law.name
            file.write_bytes(law.data)
            with self._ingester() as ingester:
                for outcome in ingester.add_files(sources.find([file], what["level"])):
                    self._tell(outcome)
        ids = {str(entry["document_id"]) for entry in self._told}
        self._look([r.number for r in self._library.registry.revisions(DRAFT) if r.document_id in ids])

    def _read(self) -> None:
        what = self._job.what
        self._store.note(self._job.number, total=1)
        with self._ingester() as ingester:
            outcome = self._reread(ingester)
        self._tell(outcome)
        if outcome.result is not Result.FAILED:
            self._look([find(self._library, what["document_id"], DRAFT, sha256=what["sha256"]).number])

    def _reread(self, ingester: Ingester, password: str = "") -> Outcome:
        what = self._job.what
        self._rights.must_change(what["document_id"])
        revision = find(self._library, what["document_id"], PUBLISHED, DRAFT, CHECKED, sha256=what["sha256"])
        name = revision.source.uri
        self._stage(f"reading {name}")
        try:
            document = ingester.read_again(revision, password)
        except ReadError as error:
            return Outcome(name=name, result=Result.FAILED, document_id=revision.document_id, reason=error.reason, code=error.code)
        (outcome,) = [*ingester.add(document), *ingester.flush()]
        return outcome

    def _look(self, numbers: list[int]) -> None:
        self._stage("checking")
        gate.look_and_keep(self._library, numbers, user=self._job.user, today=self._today, clearance=self._job.clearance)

    def _correct(self) -> None:
        what = self._job.what
        try:
            revision = correct(
                self._library,
                what["document_id"],
                what["values"],
                user=self._job.user,
                clearance=self._job.clearance,
                sha256=what["sha256"],
                before=self._guard(),
            )
        except ValueError as error:
            raise KonkyoError(f"{what['document_id']}: {error}.") from error
        self._told.append({"document_id": revision.document_id, "result": "corrected"})
        self._stage("checking")
        look_again(self._library, revision, user=self._job.user, clearance=self._job.clearance, today=self._today)

    def _check(self) -> None:
        what, numbers = self._job.what, self._numbers(DRAFT, CHECKED)
        found = check(self._library, numbers, user=self._job.user, clearance=self._job.clearance, today=self._today, reason=what["reason"])
        for revision in self._library.registry.revisions(DRAFT, CHECKED):
            if revision.number in found:
                title = revision.source.title or revision.source.uri
                findings = [finding.stored() for finding in found[revision.number]]
                self._told.append({"document_id": revision.document_id, "name": title, "result": revision.state, "findings": findings})

    def _publish(self) -> None:
        what, clearance = self._job.what, self._job.clearance
        mine = set(self._numbers(DRAFT, CHECKED, RETIRED))
        coming = [revision for revision in self._library.registry.revisions() if revision.number in mine]
        before = impact.cited(self._library, coming, clearance=clearance, today=self._today)
        done = publish(
            self._library,
            what["numbers"],
            user=self._job.user,
            clearance=clearance,
            today=self._today,
            reason=what["reason"],
            before=self._guard(accept=what["accept"]),
            progress=self._stage,
        )
        self._told += [{"document_id": revision.document_id, "result": "published"} for revision in done.revisions]
        self._tell_changed(before, done.revisions)

    def _tell_changed(self, before: impact.Before, touched: Sequence[Revision]) -> None:
        """Which answers read otherwise now. Questions are kept in a file of their own, for as long as the settings say; here stands only
        how many."""
        with Questions(self._library.home) as questions:
            for one in impact.affected(self._library, before, touched, clearance=self._job.clearance, today=self._today):
                questions.changed(Changed(at=datetime.now(UTC), job=self._job.number, question=one.question, old=one.old, new=one.new))
                coming = {"as_of": one.as_of.isoformat()} if one.as_of > self._today else {}
                self._told.append({"result": "affected", **coming})
        if before.more:
            self._told.append({"result": "not_asked", "n": before.more})

    def _retire(self) -> None:
        what = self._job.what
        wanted = self._numbers(PUBLISHED, DRAFT, CHECKED)
        going = [revision for revision in self._library.registry.revisions() if revision.number in set(wanted)]
        public = [revision for revision in going if revision.state == PUBLISHED]
        standing = impact.cited(self._library, public, clearance=self._job.clearance, today=self._today)
        guard = self._guard(accept=what.get("accept", ""), retiring=True)
        with self._ingester(draft=False) as ingester:
            ingester.mend()
            self._stage("checking")
            ingester.retire(
                wanted, reason=what["reason"], before=lambda: guard([revision.number for revision in public]) if public else None
            )
        self._told += [{"document_id": revision.document_id, "result": "retired"} for revision in going]
        self._tell_changed(standing, public)

    def _golden(self) -> None:
        self._stage("checking")
        results = golden.run(self._library, user=self._job.user, today=self._today)
        mine = {str(kept.number) for kept in golden.readable(self._library, clearance=self._job.clearance)}
        told = [{"name": result.text, "result": "right" if result.right else "not_right"} for result in results if result.id in mine]
        self._told += told

    def _ingester(self, *, draft: bool = True) -> Ingester:
        """The writer, with the rights of whoever handed in the job."""
        job = self._job
        return Ingester(self._library, draft=draft, user=job.user, clearance=job.clearance, progress=self._stage)

    def _guard(self, *, accept: str = "", retiring: bool = False) -> Callable[[Sequence[int]], None]:
        job = self._job
        return golden.guard(self._library, user=job.user, clearance=job.clearance, today=self._today, accept=accept, retiring=retiring)

    def _numbers(self, *states: str) -> list[int]:
        """Those of the job's revisions that are in one of these states and that whoever handed it in may read."""
        there = {r.number for r in self._library.registry.revisions(*states) if level_of(r) <= self._job.clearance}
        return [int(number) for number in self._job.what["numbers"] if number in there]
