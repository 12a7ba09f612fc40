"""The outcome table: each fault of a provider, alone and with a second target or a second key, and what came of it.

`run` asks the real programs; `table` writes it down as docs/failover.md has it, between two marks.
"""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import re
from dataclasses import dataclass

from .faulty import BlackHole, FaultyProvider, closed_port
from .gateway import ROOT, Gateway, base_config, openai_provider
from .routes import QUICK, explanation, pool

PAGE = ROOT / "docs" / "failover.md"
BEGIN, END = "<!-- outcomes: begin (written by a test) -->", "<!-- outcomes: end -->"


@dataclass(frozen=True)
class Fault:
    """What a provider does, by its word; `where` says at which kinds of requests it makes sense."""

    name: str
    text: str
    word: str
    where: tuple[str, ...] = ("whole", "stream")
    by_key: bool = False  # it may be one key's


FAULTS = (
    Fault("refused", "refuses the connection", ""),
    Fault("blackhole", "does not answer the connection", ""),
    Fault("hang", "takes the request and says nothing", "hang"),
    Fault("reset", "resets before the head", "reset"),
    Fault("close", "closes before the head", "close"),
    Fault("head", "resets within the head", "head-30"),
    Fault("garbage", "answers no HTTP", "garbage"),
    Fault("html", "200 with a page of HTML", "html-200"),
    Fault("notjson", "200 with a body that is no JSON", "notjson"),
    Fault("s400", "400", "status-400"),
    Fault("s401", "401 (the key)", "status-401", by_key=True),
    Fault("s402", "402 (the key)", "status-402", by_key=True),
    Fault("s403", "403 (the key)", "status-403", by_key=True),
    Fault("s404", "404", "status-404"),
    Fault("s408", "408", "status-408"),
    Fault("s409", "409", "status-409"),
    Fault("s413", "413", "status-413"),
    Fault("s422", "422", "status-422"),
    Fault("s429", "429 without advice", "wait-none", by_key=True),
    Fault("s429ms", "429, again in 500 ms", "wait-ms", by_key=True),
    Fault("s429hour", "429, again in an hour", "wait-hour", by_key=True),
    Fault("s500", "500", "status-500"),
    Fault("again", "500, `x-should-retry: false`", "again-false"),
    Fault("s502", "502 with a page of HTML", "html-502"),
    Fault("s503", "503, again in 500 ms", "busy-ms"),
    Fault("s529", "529", "status-529"),
    Fault("inside", "200 with an error inside", "inside"),
    Fault("halt", "stops in the middle of a whole reply", "halt-500", ("whole",)),
    Fault("short", "resets in the middle of a whole reply", "short-500", ("whole",)),
    Fault("cut0", "resets after the head of a stream", "cut-0", ("stream",)),
    Fault("stall0", "silence after the head of a stream", "stall-0", ("stream",)),
    Fault("blank", "comments, but no content", "blank-4000", ("stream",)),
    Fault("cut", "resets after content", "cut-600", ("stream",)),
    Fault("end", "closes after content, without an end", "end-600", ("stream",)),
    Fault("stall", "silence after content", "stall-600", ("stream",)),
    Fault("inside3", "an error event after content", "inside-3", ("stream",)),
)
SETUPS = ("one target", "two targets", "two keys")


@dataclass
class Outcome:
    """What the client got, and the provider calls it took with what each is billed."""

    got: str
    billed: list[str]
    attempts: str | None  # x-sluice-attempts

    @property
    def text(self) -> str:
        if not self.billed:
            return f"{self.got}; no call"
        calls = "1 call" if len(self.billed) == 1 else f"{len(self.billed)} calls"
        same = len(set(self.billed)) == 1
        return f"{self.got}; {calls}, billed {self.billed[0] if same else ', '.join(self.billed)}"


def config(state: pathlib.Path, faulty: FaultyProvider, good: FaultyProvider, hole: BlackHole, upstreams: int) -> dict:
    """A provider of its own for each cell, so that no key and no breaker knows of another cell."""
    providers: dict = {"good": openai_provider(good.base_url, timeouts=QUICK)}
    models: dict = {}
    refused = f"http://127.0.0.1:{closed_port()}/v1"
    for fault in FAULTS:
        url = {"refused": refused, "blackhole": hole.base_url}.get(fault.name, faulty.base_url)
        for kind in fault.where:
            for number, setup in enumerate(SETUPS):
                name = f"{fault.name}-{kind}-{number}"
                entry = openai_provider(url, timeouts=QUICK, breaker=False)
                if setup == "two keys":
                    del entry["api_key"]
                    # The first one is as good as always chosen.
                    entry["keys"] = [
                        one | {"weight": weight} for one, weight in zip(pool("bad", "good"), (1_000_000, 1), strict=True)
                    ]
                providers[name] = entry
                targets = [f"{name}:m"] + (["good:chat"] if setup == "two targets" else [])
                models[name] = {"targets": targets, "retry_delay": "50ms"}
    return base_config(
        state, workers={"edge": 1, "upstream": upstreams}, providers=providers, models=models, default_provider="good"
    )


def decide(fault_of: dict[str, Fault]):
    """What a call meets: its alias is in the message, its key in the head."""

    def met(seen, _number: int) -> str:
        name = json.loads(seen.body)["messages"][0]["content"]
        fault = fault_of[name]
        is_good_key = FaultyProvider.key(seen) == "sk-good"
        return "chat" if fault.by_key and is_good_key else fault.word

    return met


def got(reply) -> str:
    """In a few words what the client got."""
    if reply is None:
        return "nothing"
    events = reply.events() if "event-stream" in (reply.header("content-type") or "") else []
    if reply.status != 200:
        code = reply.error["code"]
        wait = reply.header("retry-after")
        return f"{reply.status} `{code}`" + (f", Retry-After {wait}" if wait else "")
    if events:
        last = events[-1]
        if last.startswith(b'{"error"'):
            assert not reply.complete and b"[DONE]" not in reply.body, reply.body
            return f"content, then the error `{json.loads(last)['error']['code']}`"
        assert last == b"[DONE]" and reply.complete, reply
        inside = [event for event in events if b'"error"' in event]
        return "200 with the provider's error event" if inside else "200"
    assert reply.complete, reply
    return "200" if reply.json().get("choices") else "200 with the provider's error inside"


def one(gateway: Gateway, name: str, kind: str) -> Outcome:
    with gateway.connect(30) as connection:
        body = {"model": name, "stream": kind == "stream", "messages": [{"role": "user", "content": name}]}
        connection.send(gateway.chat_bytes(body))
        reply = connection.reply(30)
    found = explanation(gateway, reply.header("x-sluice-record"))
    return Outcome(got(reply), [one["billed"] for one in found["attempts"]], reply.header("x-sluice-attempts"))


def run(folder: pathlib.Path, upstreams: int = 1) -> dict[tuple[str, str, str], Outcome]:
    """Every cell at once: they have nothing to do with each other."""
    cells = [
        (fault, kind, setup, f"{fault.name}-{kind}-{number}")
        for fault in FAULTS
        for kind in fault.where
        for number, setup in enumerate(SETUPS)
    ]
    faults = {name: fault for fault, _, _, name in cells}
    with FaultyProvider(decide(faults)) as faulty, FaultyProvider("chat") as good, BlackHole() as hole:
        with Gateway(config(folder / "sluice-state", faulty, good, hole, upstreams), folder=folder) as gateway:
            gateway.wait_for_tree()
            with concurrent.futures.ThreadPoolExecutor(24) as workers:
                made = list(workers.map(lambda cell: one(gateway, cell[3], cell[1]), cells))
    return {(fault.name, kind, setup): outcome for (fault, kind, setup, _), outcome in zip(cells, made, strict=True)}


def table(outcomes: dict[tuple[str, str, str], Outcome]) -> str:
    lines = [
        "| the provider | request | one target | a second, healthy target | a second, healthy key |",
        "|---|---|---|---|---|",
    ]
    for fault in FAULTS:
        for kind in fault.where:
            # Where the fault is the provider's, another key of it changes nothing.
            setups = SETUPS if fault.by_key else SETUPS[:2]
            cells = [outcomes[fault.name, kind, setup].text for setup in setups]
            cells += ["as with one target"] * (len(SETUPS) - len(cells))
            lines.append(f"| {fault.text} | {kind} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def written() -> str | None:
    """The table in the page; None where there is none."""
    if not PAGE.exists():
        return None
    found = re.search(re.escape(BEGIN) + r"\n(.*?)" + re.escape(END), PAGE.read_text(), re.DOTALL)
    return found[1] if found else None


def write(text: str) -> None:
    """Puts the table between the marks; they are added at the page's end where they are missing."""
    page = PAGE.read_text() if PAGE.exists() else "# Failover: what happens when a provider fails\n"
    if BEGIN not in page:
        page += f"\n{BEGIN}\n{END}\n"
    PAGE.write_text(re.sub(re.escape(BEGIN) + r".*?" + re.escape(END), lambda _: f"{BEGIN}\n{text}{END}", page, flags=re.DOTALL))
