"""The ingress beside what else could take commands: Express, Fastify, FastAPI, each as a good developer of that stack
would write it (tests/bench/peers), on the same broker, with the same tokens (ES256), bodies and keys.

Before anything is timed each peer is held to the same work: its record and its reply are those of colis-ingress, and
a bad body and a bad token are refused. Then rounds, interleaved, one program under load at a time, each on one core:
as fast as 64 connections drive it, and at one pace for all, at which the slowest still has room.
"""
import json
import pathlib
import statistics
import uuid
from dataclasses import dataclass, field

import requests
from harness import places
from harness.person import PARCEL
from peers_run import BUILT, HERE, Process, Signer, built, core_take, cpu_seconds, resident_mb, why_not
from requests_run import script_write, wrk

CONNECTIONS, SECONDS, ROUNDS, PEOPLE, PACE = 64, 4, 5, 32, 0.5
WARM, WARM_MOST = 20000, 5  # warm once so many commands were taken in one drive, or after so many drives
# The goals: CPU of the peer / ours at least, memory of the peer / ours at least.
GOALS = {"express": (10, 5), "fastify": (3, 5), "fastapi": (10, 5)}
TITLES = {"colis": "colis-ingress", "express": "Express, kafkajs", "fastify": "Fastify, librdkafka",
          "fastapi": "FastAPI, librdkafka"}


@dataclass
class Server:
    """Somebody who takes commands."""
    name: str
    pid: int
    url: str
    stop: object
    rounds: list = field(default_factory=list)
    paced: list = field(default_factory=list)

    def middle(self, what, where="rounds"):
        return statistics.median(one[what] for one in getattr(self, where))


# --- who takes part ---

def commands_of(name):
    return {"express": ["node", HERE / "express" / "server.js"], "fastify": ["node", HERE / "fastify" / "server.js"],
            "fastapi": [BUILT / "fastapi" / "bin" / "python", HERE / "fastapi" / "server.py"]}[name]


def peer_start(name, bus, signer, token_cache):
    """A peer with the settings colis-ingress has."""
    environment, port = places.servers(), places.free_port()
    file = bus.folder / f"{name}.json"
    file.write_text(json.dumps({
        "port": port, "brokers": environment["COLIS_KAFKA_BROKERS"], "topic": f"{bus.namespace}.commands",
        "schemas": str(places.TOP / "schemas"), "public_key": str(signer.pem), "query_url": bus.url("query"),
        "server_key": environment["COLIS_SERVER_KEY_FILE"], "issuer": environment["COLIS_TOKEN_ISSUER"],
        "audience": "authenticated", "token_cache": token_cache}))
    process = Process([*commands_of(name), file], bus.folder / f"{name}.log", port,
                      {"NODE_ENV": "production", "NODE_PATH": str(BUILT / name / "node_modules")})
    process.await_ready()
    return Server(name, process.pid, f"http://{places.HOST}:{port}", process.stop)


def ours_start(bus, signer):
    program = bus.add("ingress", COLIS_TOKEN_ALGORITHM="ES256", COLIS_TOKEN_JWKS=str(signer.jwks),
                      COLIS_RATE_PER_SECOND="1000000", COLIS_RATE_BURST="1000000")
    program.await_ready()
    return Server("colis", program.pid, bus.url("ingress"), lambda: None)


# --- the same work ---

def post(server, token, key, body):
    return requests.post(f"{server.url}/v1/parcels", json=body, timeout=30,
                         headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key})


def same_work_check(bus, server, signer, ours):
    """The record and the reply are those of colis-ingress; what it refuses is refused."""
    person, seen = uuid.uuid4(), []
    token = signer.token(person)
    for one, turn in ((ours, 1), (server, 2)):
        key = f"same-{server.name}" if turn == 1 else seen[0][0]
        reply = post(one, token, key, PARCEL)
        assert reply.status_code == 202, f"{one.name}: {reply.status_code} {reply.text[:300]}"
        seen.append((key, reply.json()))
    (_, our), (_, their) = seen
    assert {**their, "status_url": ""} == {**our, "status_url": ""}, f"{server.name} replies {their}, not {our}"
    records = bus.topics.of("commands", "parcel/" + our["resource"].rpartition("/")[2], check=False)
    plain = [(r.key, r.partition, r.value, {n: v for n, v in r.headers.items() if n not in ("ce_time", "traceparent")})
             for r in records]
    assert len(plain) == 2 and plain[0] == plain[1], f"{server.name} writes another record: {plain}"
    assert 400 <= post(server, token, "bad", PARCEL | {"weight_g": 0}).status_code < 500
    assert post(server, token[:-8] + "AAAAAAAA", "bad", PARCEL).status_code == 401


# --- load ---

def drive(server, script, seconds=SECONDS):
    """One wrk run: commands a second, CPU seconds per 10,000, p50 and p99 in milliseconds."""
    before = cpu_seconds(server.pid)
    figures = wrk(server.url, script, seconds, CONNECTIONS)
    return figures | {"cpu": (cpu_seconds(server.pid) - before) / figures["requests"] * 1e4}


def warm(server, script):
    """What compiles as it goes has to have gone a while."""
    for _ in range(WARM_MOST):
        rate = drive(server, script)["rate"]
        if rate * SECONDS >= WARM:
            break
    return rate


def load(bus, signer, servers, say):
    """Rounds of each; returns the pace of the second kind."""
    tokens = [signer.token(uuid.uuid4()) for _ in range(PEOPLE)]
    fast = script_write(bus.folder, tokens)
    pace = max(10, round(PACE * min([warm(server, fast) for server in servers]), -1))
    slow = script_write(bus.folder, tokens, round(CONNECTIONS / pace * 1000))
    for number in range(ROUNDS):
        for server in servers:
            server.rounds.append(drive(server, fast))
        for server in servers:
            server.paced.append(drive(server, slow))
        say(f"  peers round {number + 1}/{ROUNDS}: " + ", ".join(
            f"{server.name} {server.rounds[-1]['cpu']:.2f} s" for server in servers))
    return pace


# --- the tables ---

def table_say(servers, pace, say):
    offered = statistics.median(server.middle("rate", "paced") for server in servers)
    say(f"\n| takes commands | CPU s per 10,000 | commands/s, {CONNECTIONS} connections | "
        f"p50, p99 at {offered:,.0f}/s | resident |\n|---|---|---|---|---|")
    for server in servers:
        say(f"| {TITLES[server.name]} | {server.middle('cpu'):.2f} | {server.middle('rate'):,.0f} | "
            f"{server.middle('p50', 'paced'):.1f}, {server.middle('p99', 'paced'):.1f} ms | "
            f"{resident_mb(server.pid):.0f} MB |")


def rows(ours, server, what):
    """Rows of the figures about one peer."""
    ratio = statistics.median(b["cpu"] / a["cpu"] for a, b in zip(ours.rounds, server.rounds))
    memory = resident_mb(server.pid) / resident_mb(ours.pid)
    p99 = ours.middle("p99", "paced"), server.middle("p99", "paced")
    goal_cpu, goal_memory = GOALS[server.name]
    title = f"{TITLES[server.name]}{what}"
    return [
        (f"ingress: CPU a command, {title} / ours", f"≥ {goal_cpu}", f"{ratio:.1f}", ratio >= goal_cpu,
         f"{server.middle('cpu'):.2f} s / {ours.middle('cpu'):.3f} s per 10,000"),
        (f"ingress: p99 at the same pace, ours / {title}", "≤ 1", f"{p99[0] / p99[1]:.2f}", p99[0] <= p99[1],
         f"{p99[0]:.1f} ms / {p99[1]:.1f} ms"),
        (f"ingress: resident memory after load, {title} / ours", f"≥ {goal_memory}", f"{memory:.1f}",
         memory >= goal_memory, f"{resident_mb(server.pid):.0f} MB / {resident_mb(ours.pid):.1f} MB"),
    ]


def measure(bus, say, wanted, token_cache=False):
    """Rows of the table; token_cache: the peers too keep the tokens they have verified."""
    signer, servers = Signer(pathlib.Path(bus.folder)), []
    names = [name for name in GOALS if name in wanted and built(name)]
    for name in GOALS:
        if name in wanted and name not in names:
            say("  " + why_not(name))
    try:
        ours = ours_start(bus, signer)
        servers = [peer_start(name, bus, signer, token_cache) for name in names]
        for server in servers:
            same_work_check(bus, server, signer, ours)
        for server in (ours, *servers):
            core_take(server.pid, 0)
        pace = load(bus, signer, [ours, *servers], say)
        table_say([ours, *servers], pace, say)
        what = ", tokens cached" if token_cache else ""
        return [row for server in servers for row in rows(ours, server, what)]
    finally:
        for server in servers:
            server.stop()
