"""The corpora beside a development checkout: JSON texts that parsers must take or refuse, and bytes that are UTF-8 or not."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from .shared import SHARED


@dataclass(frozen=True)
class Text:
    """A file of JSONTestSuite; `expected` is y (a parser must take it), n (it must refuse it) or i (as it likes)."""

    name: str
    body: bytes

    @property
    def expected(self) -> str:
        return self.name[0]

    @property
    def is_utf8(self) -> bool:
        return is_utf8(self.body)

    @property
    def is_balanced(self) -> bool:
        """Its brackets match, outside of strings that end."""
        stack, in_string, at = [], False, 0
        while at < len(self.body):
            byte = self.body[at : at + 1]
            if in_string:
                at += byte == b"\\"
                in_string = byte != b'"'
            elif byte == b'"':
                in_string = True
            elif byte in (b"[", b"{"):
                stack.append(b"]" if byte == b"[" else b"}")
            elif byte in (b"]", b"}") and (not stack or stack.pop() != byte):
                return False
            at += 1
        return not stack and not in_string


def json_texts() -> list[Text]:
    folder = SHARED / "corpora/JSONTestSuite/test_parsing"
    return [Text(path.name, path.read_bytes()) for path in sorted(folder.glob("*.json"))]


@dataclass(frozen=True)
class Sample:
    """A case of utf8tests: its bytes, and what they are once what is no UTF-8 was replaced, or left out."""

    name: str
    raw: bytes
    is_valid: bool
    replaced: bytes
    skipped: bytes

    @property
    def in_json(self) -> bytes:
        """A JSON string that has these very bytes, but for what a JSON string must escape."""
        out = bytearray(b'"')
        for byte in self.raw:
            if byte < 0x20:
                out += b"\\u%04x" % byte
            else:
                out += b"\\" * (byte in b'"\\') + bytes([byte])
        return bytes(out + b'"')


def utf8_samples() -> list[Sample]:
    path = SHARED / "corpora/utf8tests/utf8tests.txt"
    found = []
    for line in path.read_text(encoding="ascii").splitlines() if path.exists() else []:
        if not re.match(r"\d", line):
            continue
        name, kind, *values = line.split(":")
        if kind == "valid":
            raw = line.split(":", 2)[2].encode()
        else:
            raw = unhex(values[0])
        valid = is_utf8(raw)
        if not valid and not kind.startswith("invalid"):
            # A case of the corpus that is not what it says.
            values = ["", raw.decode("utf-8", "ignore").encode().hex(), raw.decode("utf-8", "replace").encode().hex()]
        found.append(Sample(name, raw, valid, raw if valid else unhex(values[2]), raw if valid else unhex(values[1])))
    return found


def is_utf8(raw: bytes) -> bool:
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def unhex(text: str) -> bytes:
    text = text.strip()
    return b"" if text == "nothing" else bytes.fromhex(text)


def chunk(text: bytes) -> bytes:
    """An event of OpenAI's streams whose content is this JSON string."""
    head = b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":'
    return head + b'{"content":' + text + b'},"finish_reason":null}]}\n\n'


def openai_stream(text: bytes) -> tuple[bytes, int]:
    """A whole stream that says it, and where it is in there."""
    event = chunk(text)
    finish = (
        b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{},'
    )
    finish += b'"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}\n\n'
    start = chunk(b'"<"')
    return start + event + chunk(b'">"') + finish + b"data: [DONE]\n\n", len(start) + event.index(b'"content":') + 10


def anthropic_stream(text: bytes) -> tuple[bytes, int]:
    def event(kind: str, members: bytes) -> bytes:
        return b'event: %b\ndata: {"type":"%b"%b}\n\n' % (kind.encode(), kind.encode(), members)

    def delta(one: bytes) -> bytes:
        return event("content_block_delta", b',"index":0,"delta":{"type":"text_delta","text":' + one + b"}")

    usage = b'{"input_tokens":1,"output_tokens":1}'
    head = event(
        "message_start",
        b',"message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,'
        b'"stop_sequence":null,"usage":%b}' % usage,
    )
    head += event("content_block_start", b',"index":0,"content_block":{"type":"text","text":""}') + delta(b'"<"')
    tail = delta(b'">"') + event("content_block_stop", b',"index":0')
    tail += event("message_delta", b',"delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":%b' % usage)
    at = len(head) + delta(text).index(b'"text":' + text) + 7
    return head + delta(text) + tail + event("message_stop", b""), at


def text_of(body: bytes) -> tuple[str, bool]:
    """The text that a client gets of a stream in either dialect, and whether it ends with an error. Strictly UTF-8."""
    text, failed = "", False
    for block in body.decode("utf-8").replace("\r\n", "\n").split("\n\n"):
        for line in block.split("\n"):
            if not line.startswith("data:") or line[5:].strip() == "[DONE]":
                continue
            value = json.loads(line[5:])
            if value.get("error"):
                failed = True
            for choice in value.get("choices") or []:
                text += choice["delta"].get("content") or ""
            if value.get("type") == "content_block_delta":
                text += value["delta"].get("text") or ""
    return text, failed
