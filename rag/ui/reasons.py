"""Why something was not done, in the language of the screen: the program's messages are English, for the command line and the log.

A message that no text of ours fits is what another program said. It is shown as a record for the administrator and named as one, so that
nobody takes it for a part of the page.
"""

from __future__ import annotations

import re

from rag.errors import DiskFull, KonkyoError, LibraryLocked
from rag.ui import days, safe
from rag.ui.texts import Words

_KINDS = r"Read are: .*"
_REASONS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.DOTALL), f"why.{key}")
    for pattern, key in (
        # a file that became no document
        (r"(?:the file |the law )?is empty\.|.*has no text\.|there is no text in it\.|LibreOffice found nothing in it\.", "no_text"),
        (r"the page has no (?:provisions|text of its own.*)\.?", "no_text_page"),
        (r"(?:the Word file|no slide of the presentation) has (?:no )?text: pictures only\?", "pictures_only"),
        (r"no sheet of the workbook shows anything.*", "no_sheet"),
        (r"has no pages\.", "no_pages"),
        (r"none of its (?P<n>\d+) pages has text that can be read: its fonts .*", "fonts"),
        (r"none of its (?P<n>\d+) pages has text: scanned\? It needs OCR, but Tesseract .*", "scan_no_ocr"),
        (r"none of its (?P<n>\d+) pages has text: scanned\? It needs OCR, but .*", "scan_ocr_off"),
        (r"none of its (?P<n>\d+) pages has text: scanned\? OCR found no words either\.", "scan_no_words"),
        (rf"it is a picture, and Tesseract .*{_KINDS}", "picture_no_ocr"),
        (rf"it is a picture, and .*{_KINDS}", "picture_ocr_off"),
        (r"Tesseract (?:is not installed|does not start|has no) .*", "no_tesseract"),
        (r"(?:reading by OCR|it) is switched off", "ocr_off"),
        (r"it took more than (?P<what>[\d.e+]+) s", "seconds"),
        (r"only (?P<n>\d+) pages of a file are", "ocr_pages"),
        (r"it is named (?P<what>\.\w+) but (?:is none|holds no document).*", "not_as_named"),
        (r"is not a PDF file, whatever its name says\.", "not_pdf"),
        (rf"it is a binary Excel workbook \(\.xlsb\)\..*{_KINDS}", "xlsb"),
        (rf"it is an archive\..*{_KINDS}", "archive"),
        (rf"it is .*, which LibreOffice reads\. Install it .*|it is built like an old .*{_KINDS}", "old_office"),
        (rf"it is an e-mail\..*{_KINDS}", "mail"),
        (r"this XML is not a law of e-Gov.*", "other_xml"),
        (rf"(?:it|this) is .*\. {_KINDS}", "unknown_kind"),
        (r"is cut off: its end is missing\..*|(?:the .* is|it is|is) (?:cut off|broken|not a complete).*|the XML breaks off.*", "cut_off"),
        (r"it is no table in CSV from line (?P<n>\d+) on .*", "csv"),
        (r"the page cannot be parsed .*|its elements are nested more than .*|is nested too deeply .*", "too_deep"),
        (r"holds characters that are none .*", "characters"),
        (r"it is .*, but LibreOffice does not open it .* Save it as (?P<what>\w+) and add that\.", "not_opened"),
        (
            r"made the reader .*|the reader for .* failed .*|cannot be read \(.*\)\.|cannot be drawn .*|is not in the file.*",
            "reader_failed",
        ),
        (r"(?:is encrypted|does not open with this password|it is protected with a password).*", "password"),
        (r"has (?P<what>[\d,]+) MB; the limit is (?P<limit>\d+) MB\..*", "megabytes"),
        (r"it unpacks to (?P<what>[\d,]+) bytes; the limit is (?P<limit>[\d,]+)\..*", "unpacks"),
        (r"the picture has (?:.* pixels, more than .*|more pixels than anybody scans .*)", "pixels"),
        (r"takes more than (?P<what>[\d.e+]+) s to read\..*", "read_seconds"),
        (r"needs more than (?P<what>\d+) MB of memory to read\..*", "memory_of"),
        (r"stopped the reader .* more than (?P<what>\d+) MB of memory are needed\.", "memory_of"),
        (r"reading it takes more memory than there is\.", "memory"),
        (r"is not there \(any more\)\.", "vanished"),
        (r"(?:may not be read|is a folder that may not be read): ask for permission\.|cannot be read: .*", "not_allowed"),
        (r"changed while it was read: try again\.", "changed"),
        (r"leads out of the folder that was handed in, .*", "leads_out"),
        (r"is a link, or lies behind one, .*", "link"),
        (r"is a folder, not a file\.|is not a regular file\.", "no_file"),
        (r"(?:has the same bytes as .*, which )?was retired; to bring it back, publish it again: .*", "retired"),
        (r"says the same as the revision in force since (?P<what>\S+), which is published\. .*", "same_revision"),
        (r"says the same as the revision in force on no day, which is published\. .*", "same_revision_no_day"),
        (r"has the same bytes as (?P<what>.*), which is in the library; not added twice", "same_bytes"),
        # a ZIP
        (r"holds no documents\. .*", "zip_empty"),
        (r"is no ZIP archive that can be unpacked .*|cannot be unpacked .*", "zip_broken"),
        (r"holds the name (?P<what>.*), which leads out of its folder\. .*", "zip_leads_out"),
        (r"holds (?P<what>.*), which is a link or a device and no file\. .*", "zip_link"),
        (r"holds the name (?P<what>.*) twice\. .*", "zip_twice"),
        (r"needs a password\. Unpack it and add the files in it\.", "zip_password"),
        (r"holds (?P<what>[\d,]+) files; the limit is (?P<limit>[\d,]+)\. Divide it\.", "zip_many"),
        (r"becomes more than (?P<what>[\d,]+) MB when it is unpacked: .*", "zip_large"),
        # a law of e-Gov
        (r"Fetching laws is switched off.*", "fetch_off"),
        (r"Name a law: .*", "fetch_nothing"),
        (r"e-Gov has no law (?:named )?'(?P<what>.*)'\. Look at .*", "fetch_none"),
        (r"Several laws have '(?P<what>.*)' in their names: (?P<some>.*)\. Name one by its id\.", "fetch_several"),
        (r"\S+ (?:named a revision .*|answered what is no(?: law|t JSON).*)", "fetch_odd"),
        (r"\S+ (?:did not answer in time|cannot be reached|answered with status).*", "fetch_down"),
        (r"\S+ sends more than (?P<what>\d+) MB\..*", "fetch_large"),
        # the library
        (r"(?P<what>.*) is not kept any more\. Add it again\.", "not_kept"),
        (r"Not all of these are (?:drafts|there) any more: .*|.* documents cannot be published: somebody else .*", "not_drafts"),
        (r"(?P<what>.*) is not what was published: .*", "not_as_published"),
        (r"There is no (?:.* )?document .*|The library has no document .*", "no_document"),
        (r"(?P<what>.*) has no '(?P<n>.*)'\. (?:Near it|Nothing there) .*", "no_provision"),
        (r"The original file of .* (?:is not in the library|was changed on the disk).*", "no_original"),
        (r".* (?:cannot be kept in|cannot be stored in|cannot be written) .*", "not_written"),
        (r"The program ended (?P<n>\d+) times in the middle of this\..*", "died"),
        (r"The golden question .* is kept already, as number (?P<n>\d+)\.", "golden_twice"),
        (r"The entry ['\"](?P<what>.*)['\"] says nothing new: .*", "nothing_new"),
        (r"An entry needs a word that people say\.|thesaurus\.toml, line \d+ is left out: .*", "no_entry"),
        (r".*it would end on (?P<ends>\S+), before (?P<begins>\S+), from when it applies: .*", "ends_before"),
        # the log
        (r"Entry (?P<n>\d+) \((?P<what>.*)\) does not follow the one before it: .*", "log_order"),
        (r"Entry (?P<n>\d+) \((?P<what>.*)\) is not what was written: .*", "log_changed"),
        (r"The log does not go on from the anchor of (?P<n>\d+) entries: .*", "log_cut"),
    )
)


def said(t: Words, message: str) -> str:
    """A message of the program in words of the screen; empty where there is none for it."""
    for pattern, key in _REASONS:
        if found := pattern.fullmatch(message):
            values = {"what": "", "n": "", "limit": "", "some": "", **found.groupdict(default="")}
            return t(key, **{name: _value(t, value) for name, value in values.items()})
    return ""


def _value(t: Words, value: str) -> object:
    """A number as one, since one page is not pages; a day as the reader writes it; anything else as it is."""
    if value.isascii() and value.isdigit():
        return int(value)
    return days.said(value, t.language, era=False)


def detail(t: Words, message: str) -> safe.Html:
    """The small line under a sentence that says what happened: why, or the record for the administrator."""
    if why := said(t, message):
        return safe.tag("p", why, class_="k-small")
    record = safe.tag("span", message, lang="en")
    return safe.tag("p", t("why.record"), record, class_="k-small") if message else safe.join([])


def sentence(t: Words, error: KonkyoError) -> str:
    """What an error says, in one sentence of the screen; with its record where no text of ours fits."""
    if why := said(t, str(error)):
        return why
    if isinstance(error, LibraryLocked):
        return t("refused.busy")
    if isinstance(error, DiskFull):
        return t("failed.DiskFull")
    return f"{t('failed.other')} {t('why.record')}{error}"
