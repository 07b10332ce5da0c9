"""A way to PostgreSQL that can be cut at a chosen statement: before it arrives, or before its answer comes back."""
import select
import socket
import threading
import urllib.parse


class Cutter:
    """Listens on a free port and passes everything on to the server of a URL."""

    def __init__(self, url):
        parts = urllib.parse.urlsplit(url)
        self.server = (parts.hostname, parts.port)
        self.listener = socket.create_server((parts.hostname, 0))
        self.port = self.listener.getsockname()[1]
        self.word, self.what, self.cuts, self.ended = None, None, 0, False
        self.threads = []

    @property
    def armed(self):
        return self.word is not None

    def url(self, url):
        """The same URL by this way, without TLS: the words must be seen."""
        parts = urllib.parse.urlsplit(url)
        user = parts.netloc.rpartition("@")[0]
        return parts._replace(netloc=f"{user}@{self.server[0]}:{self.port}", query="sslmode=disable").geturl()

    def arm(self, word, what):
        """Cuts once at the next execution of a prepared statement whose name is word."""
        self.what = what
        self.word = word

    def __enter__(self):
        self.start(self.accept)
        return self

    def __exit__(self, *_):
        self.ended = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for thread in self.threads:
            thread.join(5)

    def start(self, target, *arguments):
        self.threads.append(threading.Thread(target=target, args=arguments, daemon=True))
        self.threads[-1].start()

    def accept(self):
        while not self.ended:
            try:
                client = self.listener.accept()[0]
            except OSError:
                return
            self.start(self.carry, client, socket.create_connection(self.server))

    def carry(self, client, server):
        with client, server:
            while not self.ended:
                for ready in select.select([client, server], [], [], 0.2)[0]:
                    data = ready.recv(1 << 16)
                    if not data or not self.passes(data, ready is client, server):
                        return
                    (server if ready is client else client).sendall(data)

    def passes(self, data, from_client, server):
        # A Bind message names the statement after its portal: an empty name, then ours.
        if not (from_client and self.word and b"\0" + self.word + b"\0" in data):
            return True
        if self.what == "answer":
            server.sendall(data)
            server.recv(1 << 16)
        self.cuts += 1
        self.word = None
        return False
