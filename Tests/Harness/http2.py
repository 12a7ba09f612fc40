"""One HTTP/2 connection over TLS, frame by frame: what ordinary clients hide is what the tests are about.

Python's `h2` package takes no frame after GOAWAY, good ones neither, so frames are read and written here one by one.
"""

from __future__ import annotations

import json
import socket
import ssl
import time
from dataclasses import dataclass, field

import hpack
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
WINDOW = 65535
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, CANCEL, ENHANCE_YOUR_CALM = 0, 1, 2, 8, 11


@dataclass
class StreamReply:
    """What has come on one stream. `ended`: END_STREAM; `reset`: the code of RST_STREAM."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def over(self) -> bool:
        return self.ended or self.reset is not None


class HTTP2Connection:
    """`acknowledges`: windows are opened again as data comes; without it the peer has to stop after 65,535 bytes."""

    def __init__(self, address: tuple[str, int], context: ssl.SSLContext, acknowledges: bool = True) -> None:
        raw = socket.create_connection(address, 10)
        self.socket = context.wrap_socket(raw, server_hostname=address[0])
        assert self.socket.selected_alpn_protocol() == "h2"
        self.acknowledges = acknowledges
        self.replies: dict[int, StreamReply] = {}
        self.goaways: list[tuple[int, int]] = []  # last stream, code
        self.settings: dict[int, int] = {}
        self.closed = False
        self._authority = f"{address[0]}:{address[1]}"
        self._encoder, self._decoder = hpack.Encoder(), hpack.Decoder()
        self._decoder.max_header_list_size = 1 << 20
        self._buffer = bytearray()
        self._block = b""
        self._next = 1
        self.send(PREFACE + SettingsFrame(0, {}).serialize())

    def __enter__(self) -> "HTTP2Connection":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    # Sending

    def send(self, data: bytes | Frame) -> None:
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.serialize())
        except OSError:
            self.closed = True

    def request(self, method: str, path: str, headers: dict[str, str], body: dict | bytes | None = None) -> int:
        stream, self._next = self._next, self._next + 2
        self.replies[stream] = StreamReply()
        raw = json.dumps(body).encode() if isinstance(body, dict) else body
        fields = [(":method", method), (":scheme", "https"), (":authority", self._authority), (":path", path)]
        fields += [(name.lower(), value) for name, value in headers.items()]
        block = self._encoder.encode(fields, huffman=False)
        pieces = [block[start : start + 16384] for start in range(0, len(block), 16384)]
        data = b""
        for place, piece in enumerate(pieces):
            last = ["END_HEADERS"] if place == len(pieces) - 1 else []
            ends = ["END_STREAM"] if place == 0 and raw is None else []
            kind = HeadersFrame if place == 0 else ContinuationFrame
            data += kind(stream, piece, flags=last + ends).serialize()
        for start in range(0, len(raw or b""), 16384):
            last = ["END_STREAM"] if start + 16384 >= len(raw) else []
            data += DataFrame(stream, raw[start : start + 16384], flags=last).serialize()
        self.send(data)
        return stream

    def chat(self, key: str, model: str, **members) -> int:
        body = {"model": model, "messages": [{"role": "user", "content": "Say hello."}]} | members
        headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        return self.request("POST", "/v1/chat/completions", headers, body)

    def reset(self, stream: int) -> None:
        self.send(RstStreamFrame(stream, CANCEL))

    # Receiving

    def until(self, condition, timeout: float = 15.0) -> bool:
        """Reads until `condition()` holds; False at the connection's end or when the time is up."""
        end = time.monotonic() + timeout
        while not condition():
            left = end - time.monotonic()
            if self.closed or left <= 0:
                return condition()
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except TimeoutError:
                continue
            except OSError:
                data = b""
            if data:
                self._take(data)
            else:
                self.closed = True
        return True

    def reply(self, stream: int, timeout: float = 15.0) -> StreamReply:
        """The reply, when it is over."""
        assert self.until(lambda: self.replies[stream].over, timeout), (self.replies[stream], self.goaways, self.closed)
        return self.replies[stream]

    def _take(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= 9:
            frame, length = Frame.parse_frame_header(memoryview(bytes(self._buffer[:9])))
            if len(self._buffer) < 9 + length:
                return
            frame.parse_body(memoryview(bytes(self._buffer[9 : 9 + length])))
            del self._buffer[: 9 + length]
            self._received(frame)

    def _received(self, frame: Frame) -> None:
        reply = self.replies.get(frame.stream_id, StreamReply())
        match frame:
            case HeadersFrame() | ContinuationFrame():
                self._block += frame.data
                if "END_HEADERS" in frame.flags:
                    reply.headers = dict(self._decoder.decode(self._block))
                    reply.status = int(reply.headers[":status"])
                    self._block = b""
            case DataFrame():
                reply.body += frame.data
                if self.acknowledges and frame.flow_controlled_length:
                    for stream in (0, frame.stream_id):
                        self.send(WindowUpdateFrame(stream, frame.flow_controlled_length))
            case RstStreamFrame():
                reply.reset = frame.error_code
            case GoAwayFrame():
                self.goaways.append((frame.last_stream_id, frame.error_code))
            case PingFrame() if "ACK" not in frame.flags:
                self.send(PingFrame(0, frame.opaque_data, flags=["ACK"]))
            case SettingsFrame() if "ACK" not in frame.flags:
                self.settings |= frame.settings
                self.send(SettingsFrame(0, flags=["ACK"]))
        if "END_STREAM" in frame.flags:
            reply.ended = True
