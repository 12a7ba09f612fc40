"""What nobody should send, and every place of a document of OpenAPI where it could stand."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

VALUES = {
    "SQL": "x'); DROP TABLE keys; --",
    "quotes": "\"'`´’",
    "or": "' OR '1'='1",
    "dollars": "$1 ${HOME} $(id) {{7*7}}",
    "backslashes": "\\' \\x00 \\u0000 \\",
    "percent": "%",
    "underscore": "_",
    "NUL": "a\0b",
    "controls": "a\x01\x1b[31m\x7f",
    "line ends": "a\r\nX-Injected: 1\r\n\r\n",
    "right to left": "\u202eabc\u2066",
    "combining": "e\u0301\u0323",
    "composed": "\u00e9",
    "joined": "👩‍👩‍👧‍👦",
    "byte order": "\ufeffx",
    "not a character": "\uffff\U0010ffff",
    "path": "../../../../etc/passwd",
    "blank": "   ",
    "empty": "",
    "long": "ü" * 5000,
    "null": "null",
    "number": "1e999",
    "dots": "..",
}
# As JSON: texts that are no Unicode, and what is no text.
RAW = {
    "half a pair": b'"a\\ud800b"',
    "invalid UTF-8": b'"a\xff\xfeb"',
    "overlong": b'"a\xc0\xafb"',
    "a surrogate in UTF-8": b'"a\xed\xa0\x80b"',
    "a deep list": b"[" * 500 + b"]" * 500,
    "a large number": b"9" * 400,
    "a small number": b"-0.000000001e-999",
    "a number too many": b"18446744073709551616",
    "negative": b"-1",
    "true": b"true",
    "null": b"null",
    "object": b'{"a":1,"a":2}',
}
NO_TEXT = ("half a pair", "invalid UTF-8", "overlong", "a surrogate in UTF-8")
# The same in a path or a query, which are sent as they are.
NO_TEXT_IN_A_PATH = ("%FF%FE", "%C0%AF", "%ED%A0%80", "%00", "a%00b", "%", "%4", "%zz")
# A place of a body that is the name of a member.
NAME = "«name»"


def resolved(document: dict, schema: dict) -> dict:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


@dataclass(frozen=True)
class Places:
    """The places of the bodies of a document."""

    document: dict

    def of(self, operation: dict) -> list[tuple]:
        """Each place of an operation's body, as the names and indices that lead to it, in the order of the document."""
        schema = self.body(operation)
        return list(dict.fromkeys(self._of(schema, ()))) if schema else []

    @staticmethod
    def body(operation: dict) -> dict | None:
        content = operation.get("requestBody", {}).get("content", {}).get("application/json")
        return content["schema"] if content else None

    def _of(self, schema: dict, before: tuple) -> Iterator[tuple]:
        schema = resolved(self.document, schema)
        if before:
            yield before
        for one in schema.get("anyOf", []):
            yield from self._of(one, before)
        for name, one in schema.get("properties", {}).items():
            yield from self._of(one, (*before, name))
        if "items" in schema:
            yield from self._of(schema["items"], (*before, 0))
        if isinstance(schema.get("additionalProperties"), dict):
            yield (*before, NAME)
            yield from self._of(schema["additionalProperties"], (*before, "a-name"))

    def filled(self, schema: dict, place: tuple, value: object) -> object:
        """The least that fits the schema, with the value in its place."""
        schema = resolved(self.document, schema)
        if not place:
            return value
        for one in schema.get("anyOf", []):
            if place in self._of(one, ()):
                return self.filled(one, place, value)
        head, *rest = place
        if head in schema.get("properties", {}):
            found = self.least(schema)
            return found | {head: self.filled(schema["properties"][head], tuple(rest), value)}
        if head == NAME:
            return {value: self.least(schema["additionalProperties"])}
        inner = self.filled(schema["items" if head == 0 else "additionalProperties"], tuple(rest), value)
        return [inner] if head == 0 else {head: inner}

    def least(self, schema: dict):
        """The least that fits a schema, or nearly."""
        schema = resolved(self.document, schema)
        if "enum" in schema:
            return schema["enum"][0]
        if "anyOf" in schema:
            return self.least(schema["anyOf"][0])
        match schema.get("type"):
            case "object":
                return {name: self.least(schema["properties"][name]) for name in schema.get("required", [])}
            case "array":
                return [self.least(schema["items"])] if schema.get("minItems") else []
            case "string":
                texts = ["x", "simulated:x", "1s", "0" * 16, ""]
                return next((text for text in texts if re.search(schema.get("pattern", ""), text)), "x")
            case "integer":
                return schema.get("minimum", 1)
            case "boolean":
                return True
            case _:
                return 1


def at(answer: object, place: tuple) -> object:
    """What stands at the place of an answer; KeyError, IndexError or TypeError where nothing does."""
    for step in place:
        answer = answer[step]  # type: ignore[index]
    return answer


def encoded(body: object, marker: str, raw: bytes) -> bytes:
    """JSON in which `raw` stands where the text `marker` is."""
    text = json.dumps(body).encode()
    assert text.count(json.dumps(marker).encode()) == 1, text
    return text.replace(json.dumps(marker).encode(), raw)
