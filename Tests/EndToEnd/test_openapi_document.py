"""`/openapi.json` is OpenAPI 3.1, says what is served, and asks for no token."""

from __future__ import annotations

import json
import pathlib
import urllib.error
import urllib.request

from openapi_spec_validator import validate

from Harness.administered import administered


def test_the_document(tmp_path: pathlib.Path) -> None:
    with administered(tmp_path, None) as running:
        with urllib.request.urlopen(f"{running.gateway.url}/openapi.json", timeout=10) as reply:
            assert reply.status == 200 and reply.headers["content-type"] == "application/json"
            document = json.loads(reply.read())
        validate(document)
        assert document["openapi"] == "3.1.0"
        assert {"/api/v1/orgs", "/api/v1/tokens", "/api/v1/audit-log", "/v1/chat/completions", "/health"} <= set(document["paths"])
        # Each list that it promises is there for who has a token, and for nobody else.
        for path, item in document["paths"].items():
            # One asks for whom, the other for a catalogue that waits.
            if path in ("/api/v1/limits", "/api/v1/catalogue/diff"):
                continue
            if not path.startswith("/api/v1/") or "get" not in item or "{" in path:
                continue
            request = urllib.request.Request(running.gateway.url + path)
            try:
                urllib.request.urlopen(request, timeout=10)
                raise AssertionError(f"{path} needs no token")
            except urllib.error.HTTPError as refused:
                assert refused.code == 401, path
            request.add_header("Authorization", f"Bearer {running.owner.token}")
            with urllib.request.urlopen(request, timeout=10) as reply:
                assert reply.status == 200, path
