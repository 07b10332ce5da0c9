"""HTTP/1.1 as far as the double needs it: a server that can also be silent or hang up, and a POST."""
import asyncio
import contextlib
import traceback
import urllib.parse
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

HEAD_MOST, BODY_MOST = 32_768, 1_048_576


@dataclass
class Request:
    method: str
    path: str
    query: list[tuple[str, str]]
    headers: dict[str, str]  # names in lower case
    body: bytes = b""


@dataclass
class Reply:
    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    type: str = "application/json"


class Cut(Exception):
    """The connection is to end without a reply."""


class Bad(Exception):
    """What came is no request; the text says why."""


Handler = Callable[[Request], Awaitable[Reply]]


async def serve(host: str, port: int, handler: Handler) -> asyncio.Server:
    """Listens; each connection is kept as long as its client likes."""
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _converse(reader, writer, handler)
        except (ConnectionError, asyncio.IncompleteReadError, Cut):
            pass
        finally:
            writer.transport.abort() if writer.transport.get_write_buffer_size() else writer.close()
    return await asyncio.start_server(connected, host, port, limit=HEAD_MOST, backlog=512)


async def _converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handler: Handler) -> None:
    keep = True
    while keep:
        try:
            request = await _read(reader, writer)
        except Bad as bad:
            writer.write(_encoded(Reply(400, str(bad).encode(), type="text/plain"), False))
            return await _linger(reader, writer)
        if request is None:
            return
        keep = request.headers.get("connection", "").lower() != "close"
        writer.write(_encoded(await _handled(handler, request), keep))
        await writer.drain()


async def _linger(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Reads on for a second: a connection closed over unread bytes is reset, and its last reply lost."""
    await writer.drain()
    writer.write_eof()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(1):
            while await reader.read(65_536):
                pass


async def _handled(handler: Handler, request: Request) -> Reply:
    try:
        return await handler(request)
    except Cut:
        raise
    except Exception:  # a defect of ours: say so, loudly, and stay
        traceback.print_exc()
        return Reply(500, b'{"error": "the double failed, see its log"}')


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise
        return None
    except asyncio.LimitOverrunError:
        raise Bad("the head is too large") from None
    request = _parsed(head.decode("latin-1"))
    if "transfer-encoding" in request.headers:
        raise Bad("send Content-Length")
    length = request.headers.get("content-length", "0")
    if not length.isdigit() or int(length) > BODY_MOST:
        raise Bad("Content-Length")
    if request.headers.get("expect", "").lower() == "100-continue":
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    request.body = await reader.readexactly(int(length))
    return request


def _parsed(head: str) -> Request:
    first, *lines = head.split("\r\n")[:-2]
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1.1") or not words[1].startswith("/"):
        raise Bad("the request line")
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or name.lower() in headers:
            raise Bad(f"the header {name:.40}")
        headers[name.lower()] = value.strip()
    path, _, query = words[1].partition("?")
    return Request(words[0], path, urllib.parse.parse_qsl(query, keep_blank_values=True), headers)


def _encoded(reply: Reply, keep: bool) -> bytes:
    headers = {"Content-Type": reply.type, "Content-Length": str(len(reply.body)),
               "Connection": "keep-alive" if keep else "close", **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n{lines}\r\n".encode("latin-1") + reply.body


async def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """The status of the answer; OSError when there is none."""
    parts = urllib.parse.urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 80)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    named = {"Host": parts.netloc, "Content-Type": "application/json", "Content-Length": str(len(body)),
             "Connection": "close", "User-Agent": "flutterwave-double", **headers}
    try:
        lines = "".join(f"{name}: {value}\r\n" for name, value in named.items())
        writer.write(f"POST {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
        words = (await reader.readline()).split(b" ")
        if len(words) < 2 or not words[1].isdigit():
            raise ConnectionError("no answer")
        return int(words[1])
    finally:
        writer.close()
