"""Catalogues of prices in LiteLLM's format, and a server that has one."""

from __future__ import annotations

import http.server
import json
import threading


def model(provider: str = "openai", input_usd: str = "1e-06", output_usd: str = "2e-06", **more) -> dict:
    """A chat model; prices are USD per token, as texts so that no floating-point number is involved."""
    return {"litellm_provider": provider, "mode": "chat", "input_cost_per_token": input_usd, "output_cost_per_token": output_usd} | more


def text(models: dict[str, dict]) -> str:
    """The file; prices stand in it as they were given."""
    out = json.dumps(models)
    for entry in models.values():
        for name, value in entry.items():
            if "cost" in name and isinstance(value, str):
                out = out.replace(f'"{name}": "{value}"', f'"{name}": {value}')
    return out


class CatalogueServer:
    """Serves `body` with an entity tag; `status` and `location` change what it answers. A context manager."""

    def __init__(self, body: str = "{}") -> None:
        self.body, self.status, self.location = body, 200, ""
        # The If-None-Match of each request, and what was answered.
        self.log: list[tuple[str | None, int]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/model_prices.json"

    def __enter__(self) -> "CatalogueServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = self.body.encode()
        tag = f'"{hash(self.body) & 0xFFFFFFFF:x}"'
        asked = request.headers.get("if-none-match")
        status = 304 if self.status == 200 and asked == tag else self.status
        self.log.append((asked, status))
        request.send_response(status)
        request.send_header("etag", tag)
        if self.location:
            request.send_header("location", self.location)
        if status == 304:
            request.end_headers()
            return
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)
