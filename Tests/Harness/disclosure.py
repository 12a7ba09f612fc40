"""Looks for secrets where none may be: raw, in hexadecimal and in base64, in files, in texts and in the memory of processes."""

from __future__ import annotations

import base64
import hashlib
import json
import pathlib
import urllib.parse
from collections.abc import Iterable


def encodings(secret: bytes) -> dict[str, bytes]:
    """How a secret may be written down. Base64 depends on where in its text the secret begins: its middle for each of the three."""
    found = {
        "raw": secret,
        "reversed": secret[::-1],
        "hex": secret.hex().encode(),
        "HEX": secret.hex().upper().encode(),
        "UTF-16": secret.decode("latin-1").encode("utf-16-le"),
    }
    escaped = {
        "URL": urllib.parse.quote_from_bytes(secret, safe="").encode(),
        "URL path": urllib.parse.quote_from_bytes(secret).encode(),
        "JSON": json.dumps(secret.decode("latin-1"))[1:-1].encode(),
    }
    found |= {name: text for name, text in escaped.items() if text != secret}
    for shift in range(3):
        text = base64.b64encode(b"\0" * shift + secret)
        # What also depends on the neighbours is left out at both ends.
        first, last = (shift * 8 + 5) // 6, (shift + len(secret)) * 8 // 6
        middle = text[first:last]
        found[f"base64+{shift}"] = middle
        url = middle.replace(b"+", b"-").replace(b"/", b"_")
        if url != middle:
            found[f"base64url+{shift}"] = url
    return found


def digests(secret: bytes) -> dict[str, bytes]:
    """The SHA-256 of a secret: no credential, but it tells whether a guess is right."""
    digest = hashlib.sha256(secret).digest()
    return {f"SHA-256 {name}": text for name, text in encodings(digest).items() if name in ("raw", "hex", "HEX") or "base64" in name}


BLOCK = 4096
_EMPTY = bytes(BLOCK)


def read_written(path: pathlib.Path) -> bytes:
    """What a file holds, without the blocks that are nothing but zeros: maps and journals are made long, and hold little. No secret has a
    block of zeros in it, and one block is left of each run, so that nothing comes together that was apart."""
    kept = []
    empty = False
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            if block == _EMPTY:
                if empty:
                    continue
                empty = True
            else:
                empty = False
            kept.append(block)
    return b"".join(kept)


class Search:
    """What is looked for, by name. `plain` are whole secrets; `hashed` those whose SHA-256 may not be there either."""

    def __init__(self, plain: dict[str, str], hashed: Iterable[str] = ()) -> None:
        self.plain: dict[str, bytes] = {}
        self.hashed: dict[str, bytes] = {}
        for name, secret in plain.items():
            assert len(secret) >= 16, f"{name} is too short to be told from chance"
            self.plain |= {f"{name}, {kind}": text for kind, text in encodings(secret.encode()).items()}
        for name in hashed:
            self.hashed |= {f"{name}, {kind}": text for kind, text in digests(plain[name].encode()).items()}

    def find(self, data: bytes, *, digests_too: bool = True) -> list[str]:
        needles = self.plain | (self.hashed if digests_too else {})
        return [name for name, needle in needles.items() if needle in data]

    def find_in(self, folder: pathlib.Path, *, digests_allowed: tuple[str, ...] = ()) -> list[str]:
        """`file: what` for every file below the folder. Below `digests_allowed` a SHA-256 is in order."""
        found = []
        for path in sorted(folder.rglob("*")):
            if not path.is_file() or path.is_symlink():
                continue
            name = str(path.relative_to(folder))
            allowed = any(name == one or name.startswith(one + "/") for one in digests_allowed)
            found += [f"{name}: {what}" for what in self.find(read_written(path), digests_too=not allowed)]
        return found
