"""What a client that uses an unmodified SDK sees of a reply, in the terms of `reading`."""

from __future__ import annotations

import inspect
import json

import anthropic
import openai

from .reading import Call, Choice, Failure, Reading, Usage, anthropic_usage, parsed


def arguments(function, body: dict) -> dict:
    """The members that an SDK's method names, and the others as its `extra_body`."""
    known = set(inspect.signature(function).parameters) - {"self", "extra_headers", "extra_query", "extra_body"}
    named = {key: value for key, value in body.items() if key in known}
    rest = {key: value for key, value in body.items() if key not in known}
    return named | ({"extra_body": rest} if rest else {})


def failure_of(error: openai.APIError | anthropic.APIError) -> Failure:
    """An SDK's exception."""
    body = error.body if isinstance(error.body, dict) else {}
    inner = body.get("error") if isinstance(body.get("error"), dict) else body
    code = inner.get("code")
    return Failure(
        getattr(error, "status_code", None),
        inner.get("message") or str(error),
        inner.get("type"),
        code if isinstance(code, str) else None,
    )


# The `openai` package


def chat(client: openai.OpenAI, model: str, body: dict) -> Reading:
    function = client.chat.completions.create
    seen = Reading()
    try:
        reply = function(model=model, **arguments(function, body))
        if body.get("stream"):
            chunks(reply, seen)
        else:
            completion(reply, seen)
    except openai.APIError as error:
        if seen.has_begun:
            seen.broken = failure_of(error)
        else:
            seen.failure = failure_of(error)
    return seen


def take(choice: Choice, message) -> None:
    choice.text += message.content or ""
    choice.refusal += message.refusal or ""
    extra = message.model_extra or {}
    choice.reasoning += extra.get("reasoning_content") or ""
    for block in extra.get("thinking_blocks") or []:
        choice.signature += block.get("signature") or ""


def completion(reply, seen: Reading) -> None:
    assert reply.object == "chat.completion", f"object {reply.object}"
    assert reply.id and reply.created, f"id {reply.id}, created {reply.created}"
    for one in reply.choices:
        choice = seen.choice(one.index)
        assert one.message.role == "assistant", one.message.role
        take(choice, one.message)
        for call in one.message.tool_calls or []:
            assert call.type == "function", call
            choice.calls.append(Call(call.id, call.function.name, parsed(call.function.arguments)))
        if old := one.message.function_call:
            choice.calls.append(Call("", old.name, parsed(old.arguments)))
        choice.finish = one.finish_reason
    seen.usage = usage_of(reply.usage)


def chunks(stream, seen: Reading) -> None:
    pieces: dict[tuple[int, object], Call] = {}
    try:
        for chunk in stream:
            seen.usage = usage_of(chunk.usage) or seen.usage
            for one in chunk.choices:
                choice, delta = seen.choice(one.index), one.delta
                take(choice, delta)
                named = [(call.index, call) for call in delta.tool_calls or []]
                for number, piece in named:
                    call = pieces.get((one.index, number))
                    if call is None:
                        call = pieces[one.index, number] = Call("", "", "")
                        choice.calls.append(call)
                    call.id = call.id or piece.id or ""
                    if piece.function:
                        call.name += piece.function.name or ""
                        call.arguments += piece.function.arguments or ""
                if old := delta.function_call:
                    call = pieces.setdefault((one.index, "function"), Call("", "", ""))
                    if call not in choice.calls:
                        choice.calls.append(call)
                    call.name += old.name or ""
                    call.arguments += old.arguments or ""
                choice.finish = one.finish_reason or choice.finish
    finally:
        for call in pieces.values():
            call.arguments = parsed(call.arguments)


def usage_of(value) -> Usage | None:
    if value is None:
        return None
    details = value.prompt_tokens_details
    written = ((details.model_extra or {}).get("cache_write_tokens") if details else None) or (
        getattr(details, "cache_write_tokens", None) or 0
    )
    return Usage(
        value.prompt_tokens or 0,
        getattr(value, "completion_tokens", 0) or 0,
        (details.cached_tokens if details else None) or 0,
        written,
        value.total_tokens,
        bool((value.model_extra or {}).get("estimated")),
    )


def embeddings(client: openai.OpenAI, model: str, body: dict) -> Reading:
    """The vectors as they came over the wire: the SDK would take base64 for 32-bit floats."""
    function = client.embeddings.with_raw_response.create
    try:
        reply = function(model=model, **arguments(client.embeddings.create, body))
    except openai.APIError as error:
        return Reading(failure=failure_of(error))
    parsed_reply = reply.parse()
    assert parsed_reply.object == "list"
    value = json.loads(reply.http_response.content)
    usage = parsed_reply.usage
    return Reading(
        usage=Usage(usage.prompt_tokens, 0, 0, 0, usage.total_tokens) if usage else None,
        vectors=[one["embedding"] for one in sorted(value["data"], key=lambda one: one["index"])],
    )


# The `anthropic` package


def messages(client: anthropic.Anthropic, model: str, body: dict, betas: list[str] | None = None) -> Reading:
    """`betas`: through the package's beta namespace, with these."""
    function = client.beta.messages.create if betas is not None else client.messages.create
    given = arguments(function, body) | ({"betas": betas} if betas else {})
    seen = Reading()
    try:
        reply = function(model=model, **given)
        if body.get("stream"):
            message_events(reply, seen)
        else:
            message(reply, seen)
    except anthropic.APIError as error:
        if seen.has_begun:
            seen.broken = failure_of(error)
        else:
            seen.failure = failure_of(error)
    return seen


def message(reply, seen: Reading) -> None:
    assert reply.type == "message" and reply.role == "assistant", f"{reply.type} of {reply.role}"
    assert reply.id and reply.model, f"id {reply.id}, model {reply.model}"
    choice = seen.choice(0)
    for block in reply.content:
        if block.type == "text":
            choice.text += block.text
        elif block.type == "thinking":
            choice.reasoning += block.thinking
            choice.signature += block.signature or ""
        elif block.type == "tool_use":
            choice.calls.append(Call(block.id, block.name, block.input))
    choice.finish = reply.stop_reason
    seen.usage = anthropic_usage(reply.usage.model_dump())


def message_events(stream, seen: Reading) -> None:
    """Also looks at the grammar: one start, blocks that open, go on and close in order, one end."""
    usage, calls, open_block, kinds = {}, {}, None, []
    try:
        for event in stream:
            kinds.append(event.type)
            if event.type == "message_start":
                usage |= event.message.usage.model_dump(exclude_none=True)
            elif event.type == "content_block_start":
                assert open_block is None, "a block began inside another"
                open_block = event.index
                block = event.content_block
                if block.type == "tool_use":
                    calls[event.index] = call = Call(block.id, block.name, "")
                    if block.input:
                        call.arguments = json.dumps(block.input)
                    seen.choice(0).calls.append(call)
                elif block.type == "text":
                    seen.choice(0).text += block.text
                elif block.type == "thinking":
                    seen.choice(0).reasoning += block.thinking
            elif event.type == "content_block_delta":
                assert open_block == event.index, f"a delta of block {event.index} while {open_block} is open"
                delta, choice = event.delta, seen.choice(0)
                if delta.type == "text_delta":
                    choice.text += delta.text
                elif delta.type == "thinking_delta":
                    choice.reasoning += delta.thinking
                elif delta.type == "signature_delta":
                    choice.signature += delta.signature
                elif delta.type == "input_json_delta" and event.index in calls:
                    calls[event.index].arguments += delta.partial_json
            elif event.type == "content_block_stop":
                assert open_block == event.index, f"block {event.index} ends while {open_block} is open"
                open_block = None
            elif event.type == "message_delta":
                usage |= event.usage.model_dump(exclude_none=True)
                seen.choice(0).finish = event.delta.stop_reason or seen.choice(0).finish
        if kinds.count("message_start") != 1 or kinds[-1] != "message_stop" or open_block is not None:
            seen.disorder = f"a stream of {kinds}"
    finally:
        for call in calls.values():
            call.arguments = parsed(call.arguments)
        seen.usage = anthropic_usage(usage)
