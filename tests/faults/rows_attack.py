"""Rows of requests that must not be let in: malformed HTTP, clients that dawdle, tokens nobody may accept.

Beside them the load goes on, and each of its replies is still held to the document.
"""
import base64
import codecs
import contextlib
import hashlib
import hmac
import json
import os
import pathlib
import re
import socket
import struct
import time
import uuid

import requests
from harness import places
from harness.bus import SERVING
from harness.person import PARCEL, token_of
from harness.until import PATIENCE, until
from row import Row
from rows_traffic import Market

MALFORMED = places.TOP.parent / "shared" / "data" / "http" / "malformed.tsv"
SLOW = 40           # clients at once of each way to be slow, in the short version
SLOW_LONG = 2_500
SPARE = 40          # descriptors a server may hold more than before, when all of them have gone


def server(round, name):
    return socket.create_connection((places.HOST, round.bus.ports[name]), timeout=15)


# --- what is no HTTP ---

def malformed():
    """[(what is wrong, bytes)]; none where the data is not there, which is said."""
    if not MALFORMED.exists():
        return []
    lines = [line.split("\t") for line in MALFORMED.read_text().splitlines() if line and line[0] != "#"]
    return [(f"{kind} {number}", codecs.escape_decode(escaped.encode())[0]) for kind, number, _, escaped in lines]


def parsing(round):
    """Every request of malformed.tsv, as it stands, at every server: refused, and the connection closed."""
    requests_of = malformed()
    if not requests_of:
        round.say("  SKIPPED: malformed.tsv is not there")
    for number in round.faults():
        round.note(f"{len(requests_of)} malformed requests", number)
        for name in SERVING:
            for what, raw in round.random.sample(requests_of, len(requests_of)):
                statuses = answers(server(round, name), raw)
                if not statuses or any(status < 400 for status in statuses):
                    round.find("parsing", f"{name} answered {what} with {statuses}")


def answers(client, raw):
    """The statuses that come until the server closes; a reset after them is a close."""
    got = b""
    with client, contextlib.suppress(ConnectionError):
        client.sendall(raw)
        client.shutdown(socket.SHUT_WR)
        while True:
            more = client.recv(65536)
            if not more:
                break
            got += more
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]


# --- who dawdles ---

def head_drips(client):
    client.send(b"X")


def body_drips(client):
    client.send(b" ")


def nothing(_):
    """Is there, and says nothing more."""


def ends_its_half(client):
    client.shutdown(socket.SHUT_WR)


def slow_ways(person):
    """{name: (what is sent at once, what is sent each turn)}."""
    head = f"HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {token_of(person)}\r\nContent-Type: application/json\r\n"
    return {"head by the byte": (b"POST /v1/parcels HTTP/1.1\r\nHost: a\r\nX-Slow: ", head_drips),
            "body by the byte": (f"POST /v1/parcels {head}Content-Length: 4000\r\n\r\n{{".encode(), body_drips),
            "idle": (b"", nothing),
            "half closed": (f"GET /healthz {head}\r\n".encode(), ends_its_half),
            "reads nothing": (f"GET /openapi.json {head}\r\n".encode() * 50, nothing)}


def dawdlers(round):
    """Slow and silent clients, and storms of resets: those served go on being served, and nothing is kept for long."""
    many = SLOW_LONG if round.is_long else SLOW
    before = {name: descriptors(round, name) for name in ("ingress", "query")}
    for number in round.faults():
        round.note(f"{many} clients of each way to be slow", number)
        ways = slow_ways(str(uuid.uuid4()))
        name = round.random.choice(("ingress", "query"))
        clients = [(server(round, name), *way) for way in ways.values() for _ in range(many)]
        for client, first, _ in clients:
            with contextlib.suppress(OSError):
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.setblocking(False)
                client.send(first)
        drip(round, [(client, each) for client, _, each in clients])
        resets(round, name, many)
    for name, had in before.items():
        until(lambda: descriptors(round, name) <= had + SPARE, 60, f"{name} lets go of who has gone", every=0.1)


def drip(round, clients, seconds=5):
    """A byte of each now and then, longer than a head or a body may take: the server must end most of them."""
    end, longest = time.monotonic() + seconds, 0.0
    while time.monotonic() < end:
        for client, each in clients:
            with contextlib.suppress(OSError):
                each(client)
        began = time.monotonic()
        round.load.prober.decided()
        longest = max(longest, time.monotonic() - began)
        round.moment(0.1, 0.3)
    if longest > 5 * PATIENCE:
        round.find("starved", f"beside slow clients a command took {longest:.1f} s")
    for client, _ in clients:
        client.close()


def resets(round, name, many):
    """Connections that are reset in the middle of a request."""
    for _ in range(many):
        with contextlib.suppress(OSError), server(round, name) as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            client.sendall(b"POST /v1/parcels HTTP/1.1\r\nHost: a\r\nContent-Le")


def descriptors(round, name):
    return len(os.listdir(f"/proc/{round.bus.programs[name].pid}/fd"))


# --- who is nobody ---

def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def signed(header, claims, secret, digest=hashlib.sha256):
    told = ".".join(base64url(part if isinstance(part, bytes) else json.dumps(part).encode())
                    for part in (header, claims))
    return f"{told}.{base64url(hmac.digest(secret, told.encode(), digest))}"


def forgeries():
    """{what is wrong: token}, none of which anybody may accept."""
    secret = pathlib.Path(places.servers()["COLIS_TOKEN_SECRET_FILE"]).read_bytes().strip()
    user, now = str(uuid.uuid4()), int(time.time())
    good = token_of(user)
    header, claims, signature = good.split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    usual = {"alg": "HS256", "typ": "JWT"}
    made = {f"alg {alg!r}": signed(usual | {"alg": alg}, said, secret) for alg in
            ("none", "None", "nOnE", "", 256, None, "HS512", "RS256", "ES256", ["HS256"])}
    made |= {f"unsigned, alg {alg}": ".".join((base64url(json.dumps({"alg": alg}).encode()), claims, ""))
             for alg in ("none", "NONE", "HS256")}
    made |= {f"kid {kid[:12]!r}": signed(usual | {"kid": kid}, said, b"") for kid in
             ("../../../dev/null", "' or 1=1 --", "a\0b", "k" * 3000)}
    made |= {f"header {name}": signed(usual | {name: value}, said, b"mine") for name, value in
             (("jwk", {"kty": "oct", "k": base64url(b"mine")}), ("jku", "http://127.0.0.1/keys"), ("x5c", ["AAAA"]))}
    made |= {f"claim {name} {value!r}": signed(usual, said | {name: value}, secret) for name, value in
             (("exp", now - 3600), ("exp", "tomorrow"), ("exp", 10 ** 40), ("exp", None), ("nbf", now + 3600),
              ("iat", now + 10 ** 9), ("aud", "nobody"), ("aud", None), ("iss", "http://127.0.0.1/evil"), ("iss", None),
              ("sub", "me"), ("sub", None), ("role", "anon"))}
    without = {name: value for name, value in said.items() if name != "exp"}
    twice = json.dumps(said).encode()[:-1] + b',"exp":' + str(now + 9).encode() + b"}"
    return made | {"another's secret": signed(usual, said, b"guessed"), "no exp": signed(usual, without, secret),
                   "a member twice": signed(usual, twice, secret), "no signature": f"{header}.{claims}.",
                   "two parts": f"{header}.{claims}", "four parts": good + ".a", "padding": good + "=",
                   "cut": good[:-2], "a nested header": signed(b"[" * 500, said, secret), "nothing": "", "a word": "x"}


def tokens(round):
    """Every forged token, on a command and on a read: 401, and the same words whatever was wrong."""
    for number in round.faults():
        forged = forgeries()
        round.note(f"{len(forged)} forged tokens", number)
        told = set()
        for what, token in round.random.sample(sorted(forged.items()), len(forged)):
            bearer = {"Authorization": f"Bearer {token}"}
            for server_name, method in (("ingress", "POST"), ("query", "GET")):
                reply = requests.request(method, round.bus.url(server_name) + "/v1/parcels", headers=bearer, timeout=30,
                                         json=PARCEL if method == "POST" else None)
                told.add(json.dumps(reply.json() | {"instance": None}, sort_keys=True))
                if reply.status_code != 401:
                    round.find("token", f"{what}: {reply.status_code} {reply.text[:200]}")
        if len(told) != 1:
            round.find("token", f"refusals differ: {sorted(told)[:4]}")


ROWS = (Row("parsing", 14, "malformed HTTP of all known kinds, at every server", parsing, short=1, long=20, town=Market,
            group="traffic"),
        Row("dawdlers", 15, "clients that dawdle, say nothing, read nothing, or reset", dawdlers, short=2, long=60,
            town=Market, group="traffic"),
        Row("tokens", 16, "forged tokens of every kind", tokens, short=1, long=20, town=Market, group="traffic"))
