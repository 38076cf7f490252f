"""Ways in which people and laws write addresses: what is written -> what is meant. Every line was checked by hand.

A case names what ``parse`` must find, in order: (words, law, address). ``law`` is a document's id, "" for this law, or the name of a law
that the library does not hold. The address is written as ``show(address, "ja")`` does, with 〜 before the end of a range, 前 or 次 and the
unit before what is counted, and 各 behind what is taken item by item.
"""

from __future__ import annotations

from dataclasses import dataclass

Found = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One text and the mentions in it."""

    text: str
    found: tuple[Found, ...]
    why: str = ""


def case(text: str, *found: Found, why: str = "") -> Case:
    return Case(text=text, found=found, why=why)


ESIGN = "電子署名及び認証業務に関する法律"
PRIVACY = "個人情報の保護に関する法律"

CASES = (
    # ---- one provision, however it is written
    case("第二十七条第一項第二号", ("第二十七条第一項第二号", "", "第二十七条第一項第二号")),
    case("第27条第1項第2号によると", ("第27条第1項第2号", "", "第二十七条第一項第二号")),
    case("第２７条第１項第２号", ("第２７条第１項第２号", "", "第二十七条第一項第二号")),
    case("27条1項2号って何", ("27条1項2号", "", "第二十七条第一項第二号")),
    case("第27条の第1項第2号", ("第27条の第1項第2号", "", "第二十七条第一項第二号")),
    case("第 27 条第 1 項", ("第 27 条第 1 項", "", "第二十七条第一項"), why="PDF puts spaces around digits"),
    case("法27条①", ("法27条①", "act", "第二十七条第一項")),
    case("第三十八条の三の二第一項", ("第三十八条の三の二第一項", "", "第三十八条の三の二第一項")),
    case("第12条の2第3項", ("第12条の2第3項", "", "第十二条の二第三項")),
    case("第九号の二イ", ("第九号の二イ", "", "第九号の二イ")),
    case("第百一条第一項第五号ロ(1)に", ("第百一条第一項第五号ロ(1)", "", "第百一条第一項第五号ロ(1)")),
    case("第六条第四号", ("第六条第四号", "", "第六条第四号"), why="an article with one paragraph is cited without it"),
    case("第二条の三分の二", ("第二条", "", "第二条"), why="a fraction is no branch"),
    case("第五条の二以上に該当", ("第五条", "", "第五条")),
    case("第五条の二から第五条の四まで", ("第五条の二から第五条の四まで", "", "第五条の二〜第五条の四")),
    # ---- laws by name
    case("公共サービス提供基準法第十条第二項", ("公共サービス提供基準法第十条第二項", "act", "第十条第二項")),
    case("「公共サービス提供基準法」第十条第二項", ("「公共サービス提供基準法」第十条第二項", "act", "第十条第二項")),
    case("公共サービス提供基準法の10条", ("公共サービス提供基準法の10条", "act", "第十条")),
    case(
        "公共サービス提供基準法（令和三年法律第九百一号）第二条第七項に規定する",
        ("公共サービス提供基準法（令和三年法律第九百一号）第二条第七項", "act", "第二条第七項"),
    ),
    case("令和3年法律第901号第五条", ("令和3年法律第901号第五条", "act", "第五条"), why="a law's number is a name"),
    case("公共サービス提供基準法施行令第六条", ("公共サービス提供基準法施行令第六条", "order", "第六条"), why="not 公共サービス提供基準法"),
    case("所得税法施行令第六条", ("所得税法施行令第六条", "所得税法施行令", "第六条"), why="not 施行令 of ours"),
    case("施行規則第3条第1号", ("施行規則第3条第1号", "ordinance", "第三条第一号")),
    case("令第十一条第二号又は第三号", ("令第十一条第二号", "order", "第十一条第二号"), ("第三号", "order", "第十一条第三号")),
    case("旅費規程第5条第2項は？", ("旅費規程第5条第2項", "travel-directive", "第五条第二項")),
    case("職員旅費取扱規程５条", ("職員旅費取扱規程５条", "travel-directive", "第五条"), why="without the ministry"),
    case("テレワーク要綱第6の1", ("テレワーク要綱第6の1", "telework-guideline", "第六の1")),
    case("生成AI要綱第八の２", ("生成AI要綱第八の２", "ai-guideline", "第八の2"), why="ＡＩ in the title is full width"),
    case("個情法27条1項2号", ("個情法27条1項2号", PRIVACY, "第二十七条第一項第二号"), why="known, but not in the library"),
    case("個人情報保護法では", ("個人情報保護法", PRIVACY, ""), why="a law as a whole"),
    case("民法第七百九条", ("民法第七百九条", "民法", "第七百九条"), why="nobody listed it"),
    case(f"{ESIGN}（平成十二年法律第百二号）第二条第一項", (f"{ESIGN}（平成十二年法律第百二号）第二条第一項", ESIGN, "第二条第一項")),
    case("この場合において国家公務員法第百条第一項", ("国家公務員法第百条第一項", "国家公務員法", "第百条第一項")),
    case(
        "改正前の公共サービス提供基準法第五条",
        ("公共サービス提供基準法第五条", "改正前の公共サービス提供基準法", "第五条"),
        why="not today's",
    ),
    case("この法律第三条", ("第三条", "", "第三条")),
    # ---- lists share what they do not repeat
    case("第三条及び第五条", ("第三条", "", "第三条"), ("第五条", "", "第五条")),
    case("第一項第二号又は第三号", ("第一項第二号", "", "第一項第二号"), ("第三号", "", "第一項第三号")),
    case(
        "第十条第一項及び第三項、第十六条",
        ("第十条第一項", "", "第十条第一項"),
        ("第三項", "", "第十条第三項"),
        ("第十六条", "", "第十六条"),
    ),
    case(
        "第三条及び第一項",
        ("第三条", "", "第三条"),
        ("第一項", "", "第一項"),
        why="第一項 of where it stands: 第三条 has no paragraph named",
    ),
    case("第一号イ又はロ", ("第一号イ", "", "第一号イ"), ("ロ", "", "第一号ロ")),
    case(
        "法第三条、第七条並びに第九条第一項",
        ("法第三条", "act", "第三条"),
        ("第七条", "act", "第七条"),
        ("第九条第一項", "act", "第九条第一項"),
    ),
    case("第二十五条第二項本文及び第三項", ("第二十五条第二項本文", "", "第二十五条第二項"), ("第三項", "", "第二十五条第三項")),
    case(
        "第十一条第一項（同条第二項を除く。）又は第三項",
        ("第十一条第一項", "", "第十一条第一項"),
        ("同条第二項", "", "第十一条第二項"),
        ("第三項", "", "第十一条第三項"),
    ),
    case("第五条（第二号を除く。）並びに第六条", ("第五条", "", "第五条"), ("第二号", "", "第五条第二号"), ("第六条", "", "第六条")),
    case(
        "第一項（第三項において準用する場合を含む。）",
        ("第一項", "", "第一項"),
        ("第三項", "", "第三項"),
        why="no exception: of where it stands",
    ),
    # ---- ranges
    case("第三条から第五条まで", ("第三条から第五条まで", "", "第三条〜第五条")),
    case("第4条第1項第1号から第3号まで", ("第4条第1項第1号から第3号まで", "", "第四条第一項第一号〜第四条第一項第三号")),
    case("第3条～第5条", ("第3条～第5条", "", "第三条〜第五条")),
    case(
        "民法第七百九条から第七百十一条まで及び第七百十四条",
        ("民法第七百九条から第七百十一条まで", "民法", "第七百九条〜第七百十一条"),
        ("第七百十四条", "民法", "第七百十四条"),
    ),
    case("附則第二条から前条まで", ("附則第二条から前条まで", "", "附則第二条〜前条")),
    # ---- counted from where they stand
    case("前条の", ("前条", "", "前条")),
    case("前二条及び前項の規定", ("前二条", "", "前2条"), ("前項", "", "前項")),
    case("前三号に掲げるもの", ("前三号", "", "前3号")),
    case("前各号に掲げる", ("前各号", "", "前各号")),
    case(
        "前条第三項の受付票に代えて、同項に規定する",
        ("前条第三項", "", "前条第三項"),
        ("同項", "", "前条第三項"),
        why="同項 is the last one named",
    ),
    case("次条第一号の機器", ("次条第一号", "", "次条第一号")),
    case("前項ただし書の規定", ("前項ただし書", "", "前項")),
    case("本条において", ("本条", "", "同条")),
    case("法第二十六条第一項各号", ("法第二十六条第一項各号", "act", "第二十六条第一項各号")),
    case("次の各号のいずれか", why="the own items, told apart from no others"),
    case("前条件、同条件、前項目、各本条", why="words, not addresses"),
    case(
        "民法第三条の規定により、行政手続法第五条及び同法第六条",
        ("民法第三条", "民法", "第三条"),
        ("行政手続法第五条", "行政手続法", "第五条"),
        ("同法第六条", "行政手続法", "第六条"),
    ),
    case(
        "公共サービス提供基準法施行令第二条、同令第三条",
        ("公共サービス提供基準法施行令第二条", "order", "第二条"),
        ("同令第三条", "order", "第三条"),
    ),
    # ---- 附則, 別表, questions, headings
    case("附則第二条、附則第三項", ("附則第二条", "", "附則第二条"), ("附則第三項", "", "附則第三項")),
    case("別表第一の三の項の下欄", ("別表第一の三の項", "", "別表第一の三の項")),
    case("別表第二第四号", ("別表第二第四号", "", "別表第二第四号")),
    case("別表第一号", ("別表第一号", "", "別表第一号"), why="item 1 of the only table"),
    case("令別表の下欄", ("令別表", "order", "別表")),
    case("問７とQ12", ("問７", "", "問7"), ("Q12", "", "問12")),
    case("Q3 2025 results", why="a quarter"),
    case("3.2節を見て", ("3.2節", "", "3.2節")),
    case("第13の2(1)の規定", ("第13の2(1)", "", "第十三の2(1)")),
    # ---- not addresses
    case("様式第五号を提出する", why="a form's number"),
    case("令和七年公共サービス省訓令第二十三号", why="a number that names nothing we hold"),
    case("三条市と二条城で条件1条例", why="places and words"),
    case("第三号事業を営む者", why="a word made of an item"),
    case("第二水曜日と第三者", why="ordinals"),
    # ---- English
    case("Article 27(1)(ii)", ("Article 27(1)(ii)", "", "第二十七条第一項第二号")),
    case("Article 12-2, paragraph (3)", ("Article 12-2, paragraph (3)", "", "第十二条の二第三項")),
    case("Articles 3 to 5", ("Articles 3 to 5", "", "第三条〜第五条")),
    case("Articles 9 through 14, Article 29", ("Articles 9 through 14", "", "第九条〜第十四条"), ("Article 29", "", "第二十九条")),
    case("Article 10, paragraphs (1) and (3)", ("Article 10, paragraphs (1)", "", "第十条第一項"), ("(3)", "", "第十条第三項")),
    case("paragraph (2) of the preceding Article", ("paragraph (2) of the preceding Article", "", "前条第二項")),
    case("one of the items of paragraph (1)", ("one of the items of paragraph (1)", "", "第一項各号")),
    case("the items of Article 9, paragraph (1)", ("the items of Article 9, paragraph (1)", "", "第九条第一項各号")),
    case("the preceding two items", ("the preceding two items", "", "前2号")),
    case("Article 5 and that Article", ("Article 5", "", "第五条"), ("that Article", "", "第五条")),
    case("Article 19 of the Public Services Standards Act", ("Article 19 of the Public Services Standards Act", "en-act", "第十九条")),
    case("Article 2 of the Act on National Holidays.", ("Article 2", "Act on National Holidays", "第二条")),
    case("section 3.2.1 and Rule 4.1", ("section 3.2.1", "", "3.2.1節"), ("Rule 4.1", "", "4.1節")),
    case("section 3, 14 days after", ("section 3", "", "3節"), why="one section, and some days"),
    case("para 4", ("para 4", "", "第四項")),
)
