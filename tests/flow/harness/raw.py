"""A socket and bytes: requests no client library would send."""
import socket
from urllib.parse import urlsplit

from harness.until import ANSWER


class Reply:
    """Status, headers (lower case) and body of one reply; closed tells whether the server then closed."""

    def __init__(self, status, headers, body, rest=b""):
        self.status, self.headers, self.body, self.rest = status, headers, body, rest

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r}"


def connect(url, timeout=ANSWER):
    parts = urlsplit(url)
    return socket.create_connection((parts.hostname, parts.port), timeout)


def reply_read(connection, before=b""):
    """One reply with a Content-Length; status 0 when the peer closed without one."""
    data = before
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return Reply(0, {}, data)
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length", 0))
    while len(body) < length:
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return Reply(int(first.split(" ")[1]), headers, body[:length], body[length:])


def exchange(url, request, timeout=ANSWER):
    """Sends bytes, reads one reply."""
    with connect(url, timeout) as connection:
        connection.sendall(request)
        return reply_read(connection)


def closed(connection):
    """The peer has closed: nothing but the end is read."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
