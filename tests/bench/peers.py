"""The ingress beside what else could take commands: Express, Fastify, FastAPI, each as a good developer of that stack
would write it (tests/bench/peers), on the same broker, with the same tokens (ES256), bodies and keys.

Before anything is timed each peer is held to the same work: its record and its reply are those of colis-ingress, and
a bad body and a bad token are refused. Then rounds, interleaved, one program under load at a time, each on one core:
as fast as 64 connections drive it, and at one pace for all, at which the slowest still has room.
"""
import json
import pathlib
import re
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
GOALS = {"express": (10, 5), "fastify": (3, 5), "fastapi": (10, 5), "bento": (3, 5)}
TITLES = {"colis": "colis-ingress", "express": "Express, kafkajs", "fastify": "Fastify, librdkafka",
          "fastapi": "FastAPI, librdkafka", "bento": "Bento"}
PATTERNS = {"line": r"^[^\x00-\x1f\x7f-\x9f]*$", "text": r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$",
            "phone": r"^\+[1-9][0-9]{7,14}$", "country": "^[A-Z]{2}$", "currency": "^[A-Z]{3}$"}
CACHING = ("express", "fastify", "fastapi")  # can be told to keep the tokens they have verified


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

def command_of(name, file):
    return {"express": ["node", HERE / "express" / "server.js", file],
            "fastify": ["node", HERE / "fastify" / "server.js", file],
            "fastapi": [BUILT / "fastapi" / "bin" / "python", HERE / "fastapi" / "server.py", file],
            "bento": [BUILT / "bento" / "bento", "-c", HERE / "bento" / "ingress.yaml"]}[name]


def whole(schema):
    """A schema with its types written out, and patterns for the formats that are ours: Bento knows neither."""
    if isinstance(schema, list):
        return [whole(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        schema = json.loads((places.TOP / "schemas" / "types" / schema["$ref"]).read_text())
    if schema.get("format") in PATTERNS:
        schema = schema | {"pattern": PATTERNS[schema["format"]]}
    return {name: whole(value) for name, value in schema.items()}


def environment_of(name, settings):
    """Where a peer finds its packages; for Bento, the settings themselves."""
    if name != "bento":
        return {"NODE_ENV": "production", "NODE_PATH": str(BUILT / name / "node_modules")}
    schema = pathlib.Path(settings["public_key"]).with_name("schema.json")
    schema.write_text(json.dumps(whole({"$ref": "../commands/parcel.register.v1.json"})))
    return {name.upper(): str(value) for name, value in settings.items()} | {
        "PUBLIC_KEY": pathlib.Path(settings["public_key"]).read_text().replace("\n", "\\n"), "SCHEMA": str(schema),
        "SERVER_KEY": pathlib.Path(settings["server_key"]).read_text().strip()}


def peer_start(name, bus, signer, token_cache):
    """A peer with the settings colis-ingress has."""
    environment, port = places.servers(), places.free_port()
    file = bus.folder / f"{name}.json"
    settings = {
        "port": port, "brokers": environment["COLIS_KAFKA_BROKERS"], "topic": f"{bus.namespace}.commands",
        "schemas": str(places.TOP / "schemas"), "public_key": str(signer.pem), "query_url": bus.url("query"),
        "server_key": environment["COLIS_SERVER_KEY_FILE"], "issuer": environment["COLIS_TOKEN_ISSUER"],
        "audience": "authenticated", "token_cache": token_cache}
    file.write_text(json.dumps(settings))
    process = Process(command_of(name, file), bus.folder / f"{name}.log", port, environment_of(name, settings))
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


def comparable(record, peer):
    """A record without what tells one moment from another; Bento passes the body on as it came, so that its
    fingerprint is of other bytes."""
    left_out = {"ce_time", "traceparent"} | ({"ce_fingerprint"} if peer == "bento" else set())
    assert re.fullmatch("[0-9a-f]{32}", record.headers["ce_fingerprint"]), record
    headers = {name: value for name, value in record.headers.items() if name not in left_out}
    return record.key, record.partition, headers, record.data if peer == "bento" else record.value


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
    plain = [comparable(record, server.name) for record in records]
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
    wanted = [name for name in (CACHING if token_cache else GOALS) if name in wanted]
    names = [name for name in wanted if built(name)]
    for name in wanted:
        if name not in names:
            say("  " + why_not(name))
    if not names:
        return []
    try:
        ours = ours_start(bus, signer)
        for name in names:
            servers.append(peer_start(name, bus, signer, token_cache))
            same_work_check(bus, servers[-1], signer, ours)
        for server in (ours, *servers):
            core_take(server.pid, 0)
        pace = load(bus, signer, [ours, *servers], say)
        table_say([ours, *servers], pace, say)
        what = ", tokens cached" if token_cache else ""
        return [row for server in servers for row in rows(ours, server, what)]
    finally:
        for server in servers:
            server.stop()
