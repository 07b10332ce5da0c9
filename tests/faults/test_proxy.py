"""The proxies themselves, between sockets of the test's own."""
import contextlib
import socket
import struct
import threading
import time

import pytest
from harness.until import until
from proxy import DOWN, HOST, UP, CommitReply, Cut, Lines, Weather, broker_swap


class Echo(threading.Thread):
    """A server that sends back what it gets, each connection on a thread of its own."""

    def __init__(self):
        super().__init__(daemon=True)
        self.listener = socket.create_server((HOST, 0))
        self.port = self.listener.getsockname()[1]
        self.start()

    def run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listener.accept()
                threading.Thread(target=self.answer, args=(connection,), daemon=True).start()

    @staticmethod
    def answer(connection):
        with connection, contextlib.suppress(OSError):
            while data := connection.recv(65536):
                connection.sendall(data)


@pytest.fixture
def proxy():
    echo, lines = Echo(), Lines()
    yield lines.lay("test", echo.port)
    lines.end()
    echo.listener.close()


def connected(proxy):
    return socket.create_connection((HOST, proxy.port), timeout=10)


def said(client, text=b"hello"):
    client.sendall(text)
    found = b""
    while len(found) < len(text):
        found += client.recv(65536)
    return found


def test_what_is_sent_comes_back_whole(proxy):
    with connected(proxy) as client:
        text = bytes(range(256)) * 2000
        threading.Thread(target=client.sendall, args=(text,), daemon=True).start()
        found = b""
        while len(found) < len(text):
            found += client.recv(65536)
        assert found == text


@pytest.mark.parametrize("way", [UP, DOWN])
def test_what_is_held_comes_when_the_weather_is_fair_again(proxy, way):
    with connected(proxy) as client:
        assert said(client) == b"hello"
        proxy.weather_set(Weather(is_held=True), way)
        client.sendall(b"late")
        client.settimeout(0.3)
        with pytest.raises(TimeoutError):
            client.recv(10)
        proxy.heal()
        client.settimeout(10)
        assert client.recv(10) == b"late"


def test_a_cut_is_a_reset(proxy):
    with connected(proxy) as client:
        assert said(client) == b"hello"
        proxy.cut()
        with pytest.raises(ConnectionResetError):
            client.recv(10)


def test_a_line_that_refuses_is_refused_until_it_heals(proxy):
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        connected(proxy)
    proxy.heal()
    with connected(proxy) as client:
        assert said(client) == b"hello"


@pytest.mark.parametrize("weather, size, least", [(Weather(rate=20_000), 10_000, 0.4), (Weather(loss=1.0), 10, 2.9)])
def test_a_bad_line_is_slow(proxy, weather, size, least):
    with connected(proxy) as client:
        proxy.weather_set(weather, UP)
        began = time.monotonic()
        assert len(said(client, b"x" * size)) == size
        if weather.rate:
            assert said(client, b"y") == b"y"
        assert time.monotonic() - began > least


def frame(body):
    return struct.pack(">i", len(body)) + body


def test_an_address_is_replaced_where_it_comes_in_two_pieces():
    answers = frame(b"\x00\x09" + HOST.encode() + struct.pack(">i", 19092) + b"rest" + HOST.encode() + b"!") * 2
    wanted = answers.replace(struct.pack(">i", 19092), struct.pack(">i", 40000))
    for at in range(len(answers) + 1):
        swap = broker_swap(19092, 40000)
        assert swap(answers[:at]) + swap(answers[at:]) == wanted


def test_nothing_of_a_whole_answer_is_kept_back_however_it_ends():
    for answer in (frame(b"colis-1"), frame(b"at 127.0.0."), frame(b"1")):
        assert broker_swap(19092, 40000)(answer) == answer


def message(letter, body):
    return letter + struct.pack(">i", 4 + len(body)) + body


BEFORE = message(b"R", b"\0\0\0\0") + message(b"Z", b"I") + message(b"C", b"INSERT 0 1\0")
COMMIT = message(b"C", b"COMMIT\0")


@pytest.mark.parametrize("size", [1, 3, 1000])
def test_all_before_the_reply_to_a_commit_passes_and_it_does_not(size):
    reply = CommitReply(lambda: True)
    reply.up(struct.pack(">ii", 8, 80877103))
    stream, passed = b"N" + BEFORE + COMMIT, b""
    with pytest.raises(Cut):
        for at in range(0, len(stream), size):
            passed += reply.down(stream[at:at + size])
    assert (b"N" + BEFORE).startswith(passed) and (size == 1000 or passed == b"N" + BEFORE)


def test_a_commit_that_is_not_to_be_cut_passes():
    reply = CommitReply(lambda: False)
    assert reply.down(BEFORE + COMMIT) == BEFORE + COMMIT


def test_every_connection_ends_with_its_client(proxy):
    with connected(proxy) as client:
        assert said(client) == b"hello" and len(proxy.connections) == 1
    until(lambda: not proxy.connections, 5, "the proxy lets go")
