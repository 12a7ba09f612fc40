"""What a scripted provider answers, in no provider's words: `decide` by the end of the model's name and what was said so far.

hello          repeats the last thing said
weather        calls the first tool for Oslo, then says what the tool gave
parallel       calls it for Oslo and for Rome at once, then says both
steps          calls it three times, one after the other, then says all three
think          thinks first; then as `weather` where tools are offered, else as `hello`
structured     an object that fits the schema asked for
picture        says what images it got
long           stops at the limit of tokens
nothing        calls the first tool without any arguments
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field

from .provider import Seen
from .threaded_server import ThreadedServer

CITIES = ("Oslo", "Rome", "Lima")
THOUGHT = "The caller wants the weather. I look it up – ångström."
USAGE = {"prompt": 40, "cached": 12, "completion": 9}


class Invalid(Exception):
    """The request is none that the provider would take."""


@dataclass
class Talk:
    """What a provider sees of a request, whatever its words."""

    model: str
    stream: bool
    tools: list[str] = field(default_factory=list)
    # Of the last turn of the user: what tools gave. And of how many tools it was asked for in all.
    results: list[str] = field(default_factory=list)
    images: list[str] = field(default_factory=list)
    system: str = ""
    last: str = ""
    schema: dict | None = None
    # The one tool that has to be called, and the schema of its arguments.
    forced: tuple[str, dict] | None = None
    wants_thoughts: bool = False


@dataclass
class Say:
    text: str = ""
    calls: list[tuple[str, dict]] = field(default_factory=list)
    thought: str = ""
    is_cut: bool = False

    @property
    def pieces(self) -> list[str]:
        """The text as a stream brings it."""
        return [self.text[at : at + 7] for at in range(0, len(self.text), 7)]


def signature_of(thought: str) -> str:
    return "sig-" + hashlib.sha256(thought.encode()).hexdigest()[:24]


def words(content: object) -> str:
    """The text of a message's content, which both dialects write as a string or as parts."""
    if isinstance(content, str):
        return content
    return "".join(one["text"] for one in content or [] if one["type"] == "text")


def sample(schema: dict, root: dict | None = None) -> object:
    """A value that fits a JSON Schema of the simple kind."""
    root = root or schema
    if reference := schema.get("$ref"):
        return sample(root["$defs"][reference.rpartition("/")[2]], root)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object":
        return {name: sample(one, root) for name, one in schema.get("properties", {}).items()}
    if kind == "array":
        return [sample(schema.get("items", {"type": "string"}), root)]
    return {"string": "Åse", "integer": 7, "number": 2.5, "boolean": True}.get(kind)


def decide(talk: Talk) -> Say:
    name, count = talk.model.rpartition("-")[2], len(talk.results)
    thought = ""
    if name == "think":
        thought, name = THOUGHT, "weather" if talk.tools else "hello"
    if name == "hello":
        return Say(f"You said: {talk.last} (system: {talk.system})", thought=thought)
    if name in ("weather", "parallel", "steps", "nothing"):
        wanted = {"weather": 1, "parallel": 2, "steps": 3, "nothing": 1}[name]
        if count >= wanted:
            return Say("The tools say: " + "; ".join(talk.results), thought=thought and "Now I know.")
        if not talk.tools:
            raise Invalid("no tools were offered")
        at_once = CITIES[:2] if name == "parallel" else CITIES[count : count + 1]
        return Say(
            calls=[(talk.tools[0], {} if name == "nothing" else {"city": one}) for one in at_once], thought=thought
        )
    if name == "structured":
        if talk.schema is None and talk.forced:
            tool, schema = talk.forced
            return Say(calls=[(tool, sample(schema))])
        if talk.schema is None:
            raise Invalid("no schema was asked for")
        return Say(json.dumps(sample(talk.schema), ensure_ascii=False))
    if name == "picture":
        return Say("I see " + ", ".join(talk.images) if talk.images else "I see nothing")
    if name == "long":
        return Say("This goes on and on and", is_cut=True)
    raise Invalid(f"no such model: {name}")


class ScriptedProvider(ThreadedServer):
    """A server in a thread of the test; a subclass checks and answers in one provider's words.

    `problems` are the requests that such a provider would refuse, and why.
    """

    def __init__(self) -> None:
        super().__init__()
        self.log: list[Seen] = []
        self.problems: list[str] = []

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    def clear(self) -> None:
        self.log.clear()
        self.problems.clear()

    def answer(self, seen: Seen, body: dict) -> tuple[dict, dict | list[bytes]]:
        """Further headers, and a JSON reply or the events of a stream. Raises `Invalid`."""
        raise NotImplementedError

    def refusal(self, message: str) -> dict:
        raise NotImplementedError

    async def _connection(self, reader, writer) -> None:
        import asyncio

        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while True:
                lines = (await reader.readuntil(b"\r\n\r\n"))[:-4].decode("latin-1").split("\r\n")
                method, target, _ = lines[0].split(" ")
                headers = [(line.partition(":")[0].lower(), line.partition(":")[2].strip()) for line in lines[1:]]
                seen = Seen(method, target, headers, b"", 0, 0.0)
                seen.body = await reader.readexactly(int(seen.header("content-length") or 0))
                self.log.append(seen)
                writer.write(self._reply(seen))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    def _reply(self, seen: Seen) -> bytes:
        status, extra = 200, {}
        try:
            extra, made = self.answer(seen, json.loads(seen.body))
        except (Invalid, ValueError, KeyError, TypeError) as error:
            status, made = 400, self.refusal(f"{type(error).__name__}: {error}")
            self.problems.append(f"{seen.target}: {type(error).__name__}: {error}: {seen.body.decode()}")
        kind = "text/event-stream" if isinstance(made, list) else "application/json"
        body = b"".join(made) if isinstance(made, list) else json.dumps(made).encode()
        lines = [f"HTTP/1.1 {status} Status", f"content-type: {kind}", f"content-length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in extra.items()]
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body


def strict(*modules) -> None:
    """From here on pydantic takes the dictionaries that an SDK's types name for complete: no further members."""
    from pydantic import ConfigDict
    from typing_extensions import is_typeddict

    for module in modules:
        for name in dir(module):
            found = getattr(module, name)
            if isinstance(found, type) and is_typeddict(found):
                found.__pydantic_config__ = ConfigDict(extra="forbid", arbitrary_types_allowed=True)


def exhaust(value: object) -> None:
    """Pydantic validates an `Iterable` only when it is gone through."""
    if isinstance(value, dict):
        for one in value.values():
            exhaust(one)
    elif isinstance(value, (str, bytes)):
        return
    elif hasattr(value, "__iter__"):
        for one in value:
            exhaust(one)
