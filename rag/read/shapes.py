"""The shapes of single lines: 第一章　総則, 第十二条（目的）, 附　則, 別表第一, 問７, （目的）, "Article 12". Patterns only, no state."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from rag.read.provision import BRANCHES, NUMERAL, appendix_name

_S = r"[\s\u3000]"
_LATIN_NUMBER = r"(?:\d+(?:[.-]\d+)*[A-Za-z]?|[IVXLC]+)"

# ---------------------------------------------------------------- chapters

_RANKS = {"編": 1, "部": 1, "章": 2, "節": 3, "款": 4, "目": 5, "part": 1, "chapter": 2, "division": 3}
_CHAPTER = re.compile(rf"第{_S}*{NUMERAL}{_S}*(?P<unit>[編部章節款目]){BRANCHES}(?P<gap>{_S}*)(?P<title>.*)", re.DOTALL)
_CHAPTER_EN = re.compile(
    rf"(?P<unit>Part|Chapter|Division){_S}+{_LATIN_NUMBER}(?P<gap>[.:—–-]?{_S}+|$)(?P<title>.*)", re.IGNORECASE | re.DOTALL
)


def chapter_rank(text: str) -> int:
    """編 1, 章 2, 節 3, 款 4, 目 5; Part 1, Chapter 2, Division 3; 0 for anything else."""
    if len(text) > 120 or text[-1] in "。．.,、":
        return 0
    match = _CHAPTER.fullmatch(text)
    if match:
        title = match["title"]
        # Without a space, 第二章の規定 and 第一章から第三章まで are prose.
        if not match["gap"] and title and (len(title) > 30 or title[0] in "のからまにをは、及又（("):
            return 0
        return 0 if "。" in title else _RANKS[match["unit"]]
    match = _CHAPTER_EN.fullmatch(text)
    if match and (not match["title"] or not match["title"][0].islower()):
        return _RANKS[match["unit"].lower()]
    return 0


# ---------------------------------------------------------------- articles

_ARTICLE = re.compile(rf"(?P<title>第{_S}?{NUMERAL}{_S}?条{BRANCHES})(?=[\s\u3000（(]|$)(?P<rest>.*)", re.DOTALL)
_DELETED = re.compile(
    rf"(?P<title>第{NUMERAL}条{BRANCHES}(?:(?:及び|から|、|・)第{NUMERAL}条{BRANCHES})+(?:まで)?){_S}*(?P<rest>削{_S}*除。?)"
)
_ARTICLE_EN = re.compile(
    rf"(?P<title>(?:Article|ARTICLE|Art\.|Section|SECTION|Rule|RULE|Regulation|Clause){_S}+\d+(?:[.-]\d+)*[A-Za-z]?)(?P<stop>[.:—–-]?)(?={_S}|[(（]|$)(?P<rest>.*)",
    re.DOTALL,
)
_LEADING_CAPTION = re.compile(r"[（(](?:[^（）()]|[（(][^（）()]*[）)])*[）)]")


def article(text: str, heading: bool) -> tuple[str, str, str] | None:
    """(title, caption behind it, words) of a line that opens an article; None for any other line, also for 第三条の規定により…"""
    match = _DELETED.fullmatch(text)
    if match:
        return match["title"], "", match["rest"]
    match = _ARTICLE.fullmatch(text)
    if match:
        return _captioned(match["title"], match["rest"], heading)
    match = _ARTICLE_EN.fullmatch(text)
    if not match:
        return None
    rest = match["rest"].strip()
    if rest and (rest[0].islower() or (rest[0] == "(" and re.match(r"\(\d+\)\s+(?:of|or|and|to)\b", rest))):
        return None
    if not match["title"].lower().startswith("art") and rest and not heading and len(rest) > 90:
        return None  # "Section 3 You must ..." is a heading only where it is short
    return _captioned(match["title"] + match["stop"], rest, heading)


def _captioned(title: str, rest: str, heading: bool) -> tuple[str, str, str] | None:
    behind = rest.strip()
    caption = _LEADING_CAPTION.match(behind)
    if caption and not re.fullmatch(r"[（(][0-9０-９一二三四五六七八九十]+[）)]", caption[0]):
        words = behind[caption.end() :]
        # 第十二条（第三項を除く。）の規定は… is prose; 第十二条（目的）　… is an article.
        if (words and not words[0].isspace()) or "。" in caption[0]:
            return None if not rest[:1].isspace() else (title, "", behind)
        return title, caption[0], words.strip()
    if rest and not rest[0].isspace() and not title.isascii():
        return None
    if heading and behind and len(behind) <= 60 and behind[-1] not in "。.":
        return title, behind, ""
    return title, "", behind


CAPTION = re.compile(r"[（(](?:[^（）()。]|[（(][^（）()。]*[）)]){1,80}[）)]")
"""（目的） on a line of its own."""

LAW_NUMBER = re.compile(
    rf"[（(]{_S}*(?P<number>(?:明治|大正|昭和|平成|令和){_S}*(?:元|{NUMERAL}){_S}*年[^（）()。、]{{0,40}}?第{_S}*{NUMERAL}{_S}*号){_S}*[）)]"
)
"""（令和七年規程第十二号） on a line of its own."""

# ---------------------------------------------------------------- supplements, appendices

SUPPLEMENT = re.compile(rf"(?P<label>附{_S}*則){_S}*(?:[（(](?P<amending>[^（）()]*)[）)])?{_S}*(?P<note>抄)?")
SUPPLEMENT_LINE = re.compile(
    rf"(?P<label>附{_S}*則)(?:{_S}*[（(](?P<amending>[^（）()]*)[）)])?{_S}+(?P<words>(?!抄|第{NUMERAL}条)[^\s\u3000（(].*)", re.DOTALL
)
"""附則　この規程は、公布の日から施行する。 on one line."""
SUPPLEMENT_EN = re.compile(r"supplementary provisions?(?:\s*[\[(].*[\])])?", re.IGNORECASE)
APPENDIX_EN = re.compile(
    rf"(?:Schedule|Annex|Appendix|Appended Table)(?:{_S}+(?:\d+|[A-Z]|[IVX]+))?(?:{_S}*[.:—–(-].*|{_S}+[A-Z].*)?", re.DOTALL
)
_RELATED = re.compile(rf"(?P<title>.*?){_S}*(?P<related>[（(][^（）()]*関係[）)])?", re.DOTALL)


def is_supplement(root: str) -> bool:
    """True for the path element of supplementary provisions."""
    return root.startswith("附則") or SUPPLEMENT_EN.fullmatch(root) is not None


def appendix(text: str, heading: bool) -> tuple[str, str]:
    """(title, （第七条関係）) of a line that opens 別表第一, 様式第二号, 別紙 and their like; ("", "") for any other line."""
    if len(text) > 80 or text[-1] in "。、":
        return "", ""
    name, rest = appendix_name(text)
    if not name:
        return "", ""
    # 別表第一に掲げる… and 様式により… are prose: behind the name stands a space, a bracket, or nothing.
    behind = text.strip().removesuffix(rest)[-1:] if rest else ""
    if rest and rest[0] not in "（(" and not behind.isspace():
        return "", ""
    if rest and rest[0] not in "（(" and not heading and len(rest) > 40:
        return "", ""
    match = _RELATED.fullmatch(text.strip())
    assert match
    if rest and not match["related"] and not heading and "（" in rest and not rest.endswith(("）", ")")):
        return "", ""
    return match["title"] or text.strip(), match["related"] or ""


# ---------------------------------------------------------------- contents

CONTENTS = re.compile(rf"(?:目{_S}*次|もくじ|contents|table of contents|on this page)", re.IGNORECASE)
_LEADER = re.compile(r"(?:[.．]{4,}|…{2,}|(?:・){4,}|(?:‥){2,}|(?:\s[.．]){4,})[\s\u3000]*[0-9０-９]{1,4}$")
_RANGE = re.compile(rf"{_S}*[（(](?:第{NUMERAL}[条章節].*|Articles?\s.*|Arts?\.\s.*)[)）]$")


def has_leader(text: str) -> bool:
    """True where points lead to a page number. Only in short lines: a search through 100,000 points would take minutes."""
    return len(text) < 300 and _LEADER.search(text) is not None


def contents_entry(text: str) -> str:
    """What a line of a table of contents names, without its range of articles or page number; "" if it is no such line."""
    if len(text) > 300:
        return ""
    bare = re.sub(rf"{_S}+[0-9０-９]{{1,4}}$", "", _RANGE.sub("", text))
    bare = re.sub(r"^[-–・*•]\s*", "", bare)
    if bare != text or chapter_rank(bare) or SUPPLEMENT.fullmatch(bare) or SUPPLEMENT_EN.fullmatch(bare) or appendix_name(bare)[0]:
        return "".join(bare.split())
    return ""


# ---------------------------------------------------------------- questions

_QUESTION = re.compile(
    rf"(?:【?{_S}*(?P<name>(?:問い?|Ｑ|Q|質問|設問){_S}*(?P<n>[0-9０-９一二三四五六七八九十]+(?:[-－‐–.．の][0-9０-９一二三四五六七八九十]+)*)){_S}*】?)"
    rf"(?P<stop>[.．:：、。)）]|{_S}|$)(?P<rest>.*)",
    re.DOTALL,
)
_QUESTION_BARE = re.compile(rf"(?:Ｑ|Q|【問】|【質問】)(?:[.．:：]|\u3000){_S}*(?P<rest>.+)", re.DOTALL)
ANSWER = re.compile(
    rf"(?:【?(?:答え?|回答){_S}*[0-9０-９]*】?(?:[.．:：、]|{_S}|$)|【(?:答|回答)】|[AＡ][0-9０-９]*[-－.．:：]{_S}*|[AＡ][0-9０-９]+(?:{_S}|$)|[ＡA]\u3000)"
)


def question(text: str) -> str:
    """ "問7" for 問７　出張で…, "Q3" for Q3. Is there…; the words themselves for a question without a number; "" for any other line."""
    match = _QUESTION.fullmatch(text)
    if match and (match["rest"].strip() or not match["stop"].strip()):
        return "".join(unicodedata.normalize("NFKC", match["name"]).split())
    match = _QUESTION_BARE.fullmatch(text)
    return " ".join(match["rest"].split()) if match else ""


# ---------------------------------------------------------------- headings, bullets, titles

BRACKETED = re.compile(r"【[^【】。]{1,40}】")
BULLET = re.compile(r"(?:[・•●■□◆◇▪‣◦][\s\u3000]*|[-–—*][\s\u3000]+)")

_NO_TITLE = re.compile(
    r"[（(].*[）)]|.*(?:第[0-9０-９一二三四五六七八九十百]+号|[0-9０-９元一二三四五六七八九十]+年.*月.*日).*|.*(?:各位|殿|様|御中|宛て?|課長|局長|長官|大臣)|事務連絡|記|以上"
)
_TITLE = re.compile(
    r".*(?:法|令|規則|規程|規定|要綱|要領|訓令|通達|基準|方針|指針|ガイドライン|手引き?|マニュアル|について|一覧表?|表|Ｑ＆Ａ|Q&A|問答集?|事例集?|概要)"
    r"(?:[（(][^（）()]*[）)])?"
    r"|.*\b(?:handbook|guide|guidelines?|policy|act|rules?|"
    r"regulations?|directive|manual|procedures?|questions and answers|faq|notice|circular|standards?)",
    re.IGNORECASE,
)


def find_title(lines: Sequence[tuple[str, int, bool]]) -> int:
    """The place of the document's title among (text, heading, table): the only heading of the highest level, else a short line at the top.

    -1 where there is none.
    """
    levels = [heading for _, heading, _ in lines if heading]
    if levels:
        top = next(i for i, (_, heading, _) in enumerate(lines) if heading)
        alone = levels[0] == min(levels) and levels.count(levels[0]) == 1 and (levels[0] == 1 or len(levels) > 1)
        if alone and not chapter_rank(lines[top][0].strip()):
            return top
    if 1 in levels or len(lines) < 2:
        return -1
    fallback = -1
    for i, (text, heading, table) in enumerate(lines[:8]):
        bare = text.strip()
        if (
            heading
            or table
            or len(bare) > 80
            or bare[-1] in "。.、,:："
            or chapter_rank(bare)
            or article(bare, False)
            or CONTENTS.fullmatch(bare)
        ):
            break
        if question(bare) or BULLET.match(bare) or SUPPLEMENT.fullmatch(bare):
            break
        if _NO_TITLE.fullmatch(bare):
            continue
        if _TITLE.fullmatch(bare):
            return i
        fallback = i if fallback < 0 else fallback
    return fallback
