"""The recorded exchanges that this version serves, and the requests to send for them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field

from .shared import SHARED

PROVIDERS = (
    "openai",
    "azure",
    "groq",
    "mistral",
    "deepseek",
    "openrouter",
    "xai",
    "together",
    "perplexity",
    "cerebras",
    "huggingface",
    "ollama",
    "vllm",
    "llamacpp",
    "litellm",
    "anthropic",
)
APIS = ("chat.completions", "messages", "embeddings")
SIMPLE = [{"role": "user", "content": "Say hello."}]


@dataclass(frozen=True)
class Recording:
    """One recorded exchange."""

    id: str
    provider: str
    api: str
    stream: bool
    status: int
    body: bytes
    headers: dict[str, str]  # of the reply, names in lower case
    request: dict | None  # the body that was sent, where it was recorded
    query: dict[str, str] = field(default_factory=dict)
    request_headers: dict[str, str] = field(default_factory=dict)

    @property
    def dialect(self) -> str:
        """The provider entry it is served through: who is asked in OpenAI's words answers in them."""
        if self.provider == "anthropic" and not self.api.startswith("messages"):
            return "openai"
        return self.provider

    @property
    def is_exact(self) -> bool:
        """Its bytes pass unchanged at the front door of its own words."""
        return self.dialect in ("openai", "anthropic")

    @property
    def is_refusal(self) -> bool:
        """The provider says no to the key: after that the key rests, whoever asks next."""
        return self.status in (401, 402, 403, 429)

    def simple(self) -> dict:
        """A request any provider takes, for the front door whose words are not the recording's."""
        return {"messages": SIMPLE, "max_tokens": 1024} | ({"stream": True} if self.stream else {})

    def own(self) -> dict:
        """The recorded request without its model, or a simple one."""
        made = dict(self.request) if self.request else self.simple()
        made.pop("model", None)
        if self.stream:
            made["stream"] = True
        return made


def recordings(apis: tuple[str, ...] = APIS) -> list[Recording]:
    """Every recorded exchange of these kinds; empty where the folder is absent."""
    found = []
    for path in sorted((SHARED / "exchanges").glob("*.json")):
        value = json.loads(path.read_text(encoding="utf-8"))
        if value["provider"] not in PROVIDERS or value["api"] not in apis:
            continue
        request, reply = value["request"] or {}, value["response"]
        body = request.get("body")
        found.append(
            Recording(
                value["id"],
                value["provider"],
                value["api"],
                bool(value["stream"]),
                reply["status"],
                base64.b64decode(reply["body_base64"]),
                {name.lower(): text for name, text in (reply["headers"] or {}).items()},
                body if isinstance(body, dict) else None,
                request.get("query") or {},
                {name.lower(): text for name, text in (request.get("headers") or {}).items()},
            )
        )
    return found
