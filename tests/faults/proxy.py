"""TCP proxies between programs and servers, and their weather: cuts, silence, delays, narrow lines, one way or both.

All of it in user space, so what a real network does to packets is done here to pieces of a stream: what is held arrives
late, in order, once the line is open again (as TCP's own repetition would have it), or the line is reset. Two things of
protocols are understood. A broker tells its clients its address: it is replaced by the proxy's, which has as many bytes
(Swap). And the reply to a COMMIT can be cut off once the server has committed (CommitReply).
"""
import asyncio
import contextlib
import random
import socket
import struct
import threading
from dataclasses import dataclass

from harness import places

HOST = "127.0.0.1"
UP, DOWN = "up", "down"  # from the program to the server; back
PIECE = 16_384
QUEUED = 64  # pieces on their way: then the sender waits, as it does for a full window


@dataclass(frozen=True)
class Weather:
    """What happens to what goes one way. Times in seconds."""
    is_held: bool = False    # nothing passes: until it is lifted, then all of it does
    jitter: float = 0.0      # each piece is as much late as chance has it, at most this
    loss: float = 0.0        # the chance of a piece to be lost: sent again after 0.2 s, 0.4 s, 0.8 s …
    rate: float = 0.0        # bytes a second; 0: as they come

    def late(self, chance):
        seconds, again = chance.uniform(0, self.jitter), 0.2
        while chance.random() < self.loss and again < 4:
            seconds, again = seconds + again, again * 2
        return seconds


FAIR = Weather()


class Cut(Exception):
    """This connection is reset, here and now."""


class Swap:
    """Replaces some bytes by as many others in the frames of a stream, also where they come in two pieces.

    A frame is its length in four bytes and so many more. What may be the beginning of the bytes looked for is kept back
    until more comes, but never past the end of its frame: perhaps nothing more comes until that has been answered.
    """

    def __init__(self, old, new):
        assert len(old) == len(new)
        self.old, self.new, self.kept, self.head, self.left = old, new, b"", b"", 0

    def __call__(self, data):
        passed = b""
        while data:
            if self.left == 0:
                data = self._headed(data)
                if self.left == 0:
                    break
                passed += self.head
                self.head = b""
            piece, data = data[:self.left], data[self.left:]
            self.left -= len(piece)
            passed += self._swapped(piece)
        return passed

    def _headed(self, data):
        """The rest after a frame's length, where there is enough for that."""
        need = 4 - len(self.head)
        self.head += data[:need]
        if len(self.head) == 4:
            self.left, = struct.unpack(">i", self.head)
        return data[need:]

    def _swapped(self, piece):
        data, self.kept = (self.kept + piece).replace(self.old, self.new), b""
        longest = min(len(self.old) - 1, len(data)) if self.left else 0
        keep = next((n for n in range(longest, 0, -1) if data.endswith(self.old[:n])), 0)
        if keep:
            data, self.kept = data[:-keep], data[-keep:]
        return data


def broker_swap(from_port, to_port):
    """The address in the broker's answers: the host as it is, then the port in four bytes."""
    host = HOST.encode()
    return Swap(host + struct.pack(">i", from_port), host + struct.pack(">i", to_port))


class CommitReply:
    """What PostgreSQL sends: messages of a letter and a length. Cuts before CommandComplete of a COMMIT when told to.

    Before the first message come one-letter answers to the client's wishes for encryption, as many as it had.
    """

    WISHES = (80877103, 80877104)  # SSLRequest, GSSENCRequest

    def __init__(self, is_to_cut):
        self.is_to_cut, self.kept, self.answers, self.is_begun = is_to_cut, b"", 0, False

    def up(self, data):
        """What the client says first: only packets of eight bytes are wishes, and each waits for its answer."""
        if not self.is_begun:
            if len(data) == 8 and struct.unpack(">ii", data)[1] in self.WISHES:
                self.answers += 1
            else:
                self.is_begun = True
        return data

    def down(self, data):
        data, passed = self.kept + data, 0
        while self.answers and passed < len(data):
            self.answers, passed = self.answers - 1, passed + 1
        while passed + 5 <= len(data):
            size = 1 + struct.unpack_from(">i", data, passed + 1)[0]
            if passed + size > len(data):
                break
            if data[passed:passed + 1] == b"C" and data[passed + 5:passed + size] == b"COMMIT\0" and self.is_to_cut():
                raise Cut
            passed += size
        self.kept = data[passed:]
        return data[:passed]


class Proxy:
    """One line: a port of its own to a port of a server. Its methods are called from any thread."""

    def __init__(self, lines, target, protocol, seed):
        """protocol: kafka or postgres, whose bytes are looked at, or None."""
        self.lines, self.target, self.protocol = lines, target, protocol
        self.chance = random.Random(seed)
        self.weather = {UP: FAIR, DOWN: FAIR}
        self.fair = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        for event in self.fair.values():
            event.set()
        self.connections, self.server = set(), None
        self.port = places.free_port()  # ours also while nobody listens
        self.commits_to_cut, self.commits_cut = 0, 0

    # --- for the thread of the test ---

    def weather_set(self, weather, *ways):
        self.lines.do(self._weather_set, weather, ways or (UP, DOWN))

    def cut(self):
        """Every connection is reset."""
        self.lines.do(self._cut)

    def refuse(self):
        """Nobody listens any more, and what there was is reset."""
        self.lines.do(self._refuse)

    def heal(self):
        """Fair weather, and somebody listens."""
        self.lines.do(self._weather_set, FAIR, (UP, DOWN))
        self.lines.await_(self._listen())

    def commits_cut_next(self, count):
        """The replies to so many commits from now on are cut off."""
        self.commits_to_cut = count

    # --- on the thread of the lines ---

    async def _listen(self):
        if self.server is None:
            self.server = await asyncio.start_server(self._connected, HOST, self.port, limit=PIECE)

    def _weather_set(self, weather, ways):
        for way in ways:
            self.weather[way] = weather
            (self.fair[way].clear if weather.is_held else self.fair[way].set)()

    def _cut(self):
        for connection in list(self.connections):
            connection.reset()

    def _refuse(self):
        if self.server:
            self.server.close()
            self.server = None
        self._cut()

    async def _connected(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self.target, limit=PIECE)
        except OSError:
            _reset(writer)
            return
        connection = Connection(self, (reader, writer), (far_reader, far_writer))
        self.connections.add(connection)
        try:
            await connection.carry()
        finally:
            self.connections.discard(connection)

    def _is_commit_to_cut(self):
        if self.commits_to_cut <= 0:
            return False
        self.commits_to_cut -= 1
        self.commits_cut += 1
        return True

    def filters(self):
        """What looks at the bytes of a new connection, by way."""
        if self.protocol == "kafka":
            return {UP: bytes, DOWN: broker_swap(self.target, self.port)}
        if self.protocol == "postgres":
            reply = CommitReply(self._is_commit_to_cut)
            return {UP: reply.up, DOWN: reply.down}
        return {UP: bytes, DOWN: bytes}


class Connection:
    """Two streams and what is on its way between them."""

    def __init__(self, proxy, near, far):
        self.proxy, self.near, self.far = proxy, near, far
        self.filters, self.tasks, self.ended = proxy.filters(), [], asyncio.Event()

    async def carry(self):
        """Until both ways have ended, or it is reset."""
        (near_reader, near_writer), (far_reader, far_writer) = self.near, self.far
        self.tasks = [asyncio.ensure_future(self._way(UP, near_reader, far_writer)),
                      asyncio.ensure_future(self._way(DOWN, far_reader, near_writer))]
        try:
            await asyncio.gather(*self.tasks)
        except (Cut, OSError, asyncio.CancelledError):
            pass
        finally:
            self.reset()

    def reset(self):
        self.ended.set()
        for task in self.tasks:
            task.cancel()
        _reset(self.near[1])
        _reset(self.far[1])

    async def _way(self, way, reader, writer):
        queue = asyncio.Queue(QUEUED)
        reading = asyncio.ensure_future(self._read(way, reader, queue))
        try:
            await self._write(way, writer, queue)
        finally:
            reading.cancel()

    async def _read(self, way, reader, queue):
        """Each piece with the moment it is due; None is the end, an exception too."""
        loop, due = asyncio.get_running_loop(), 0.0
        while True:
            try:
                data = await reader.read(PIECE)
                passed = self.filters[way](data) if data else None
            except (Cut, OSError) as error:
                passed, data = error, b""
            due = max(due, loop.time() + self.proxy.weather[way].late(self.proxy.chance))
            await queue.put((due, passed))
            if not data:
                return

    async def _write(self, way, writer, queue):
        loop = asyncio.get_running_loop()
        while True:
            due, data = await queue.get()
            if due > loop.time():
                await self._later(due - loop.time())
            await self.proxy.fair[way].wait()
            if isinstance(data, Exception):
                raise data
            if data is None:
                if writer.can_write_eof():
                    writer.write_eof()
                return
            rate = self.proxy.weather[way].rate
            writer.write(data)
            await writer.drain()
            if rate:
                await self._later(len(data) / rate)

    async def _later(self, seconds):
        """The pace of a line; its end ends the waiting."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self.ended.wait(), seconds)


def _reset(writer):
    """RST instead of an orderly end."""
    with contextlib.suppress(OSError, AttributeError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(Exception):
        writer.transport.abort()


class Lines(threading.Thread):
    """All the proxies of a town, on a loop of their own."""

    def __init__(self, seed=0):
        super().__init__(daemon=True)
        self.loop, self.seed, self.proxies = asyncio.new_event_loop(), seed, {}
        self.start()

    def run(self):
        asyncio.set_event_loop(self.loop)
        self.loop.run_forever()

    def do(self, call, *values):
        """Runs it there, and waits until it is done."""
        done = threading.Event()

        def called():
            try:
                call(*values)
            finally:
                done.set()
        self.loop.call_soon_threadsafe(called)
        assert done.wait(10), "the proxies do not answer"

    def await_(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def lay(self, name, target, protocol=None):
        """A proxy to a port of a server, listening; the same again by its name."""
        if name not in self.proxies:
            proxy = Proxy(self, target, protocol, f"{self.seed}/{name}")
            self.await_(proxy._listen())
            self.proxies[name] = proxy
        return self.proxies[name]

    def end(self):
        for proxy in self.proxies.values():
            proxy.refuse()
        self.await_(self._rest())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.join(10)
        self.loop.close()

    @staticmethod
    async def _rest():
        """Until every connection has let go."""
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
