"""How each program lives: help, version, management port, logs, an orderly end (design section 10)."""
import json
import os
import subprocess

import pytest
from harness import places
from harness.program import KEPT
from harness.until import ANSWER, until

DAEMONS = ("ingress", "webhooks", "query", "projector", "relay", "history", "notifier")
PROGRAMS = DAEMONS + ("redrive",)
LOG_KEYS = {"at", "level", "message", "service", "event", "trace_id", "topic", "partition", "offset", "err"}


def run(program, *arguments, **environment):
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.run([places.binary(program), *arguments], env=kept | environment, capture_output=True, text=True,
                          timeout=ANSWER)


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_names_every_setting_and_where_it_comes_from(program):
    answer = run(program, "--help")
    assert answer.returncode == 0 and "namespace" in answer.stdout
    if program not in ("ingress", "webhooks", "history"):
        assert "postgres_url" in answer.stdout.replace("-", "_").lower()


@pytest.mark.parametrize("program", PROGRAMS)
def test_version_names_the_program(program):
    answer = run(program, "--version")
    assert answer.returncode == 0 and f"colis-{program}" in answer.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_an_unknown_flag_is_refused(program):
    answer = run(program, "--no-such-setting=1")
    assert answer.returncode != 0 and "no-such-setting" in (answer.stderr + answer.stdout)


@pytest.mark.parametrize("program", DAEMONS)
def test_a_missing_setting_refuses_to_start_and_is_named(program):
    answer = run(program)
    assert answer.returncode != 0 and ("_" in answer.stderr or "-" in answer.stderr)


def test_a_short_token_secret_refuses_to_start(bus):
    told = bus.settings("ingress")
    told.pop("COLIS_TOKEN_SECRET_FILE")
    answer = run("ingress", **told, COLIS_TOKEN_SECRET="short")
    assert answer.returncode != 0 and "token_secret" in answer.stderr.replace("-", "_").lower()


def test_a_secret_as_a_flag_is_refused(bus):
    answer = run("ingress", "--token-secret=" + "x" * 48, **bus.settings("ingress"))
    assert answer.returncode != 0 and "x" * 48 not in answer.stderr


def test_unchecked_topics_are_refused_away_from_loopback(bus):
    told = bus.settings("ingress") | {"COLIS_CHECK_TOPICS": "off", "COLIS_KAFKA_BROKERS": "192.0.2.1:9092"}
    answer = run("ingress", **told)
    assert answer.returncode != 0 and "check_topics" in answer.stderr.replace("-", "_")


@pytest.mark.parametrize("program", DAEMONS)
def test_the_management_port_says_alive_ready_and_figures(bus, program):
    process = getattr(bus, program)
    assert process.probe("/healthz")[0] == 200 and process.probe("/readyz")[0] == 200
    status, text = process.probe("/metrics")
    assert status == 200 and "# TYPE colis_" in text
    assert process.probe("/nothing")[0] == 404


@pytest.mark.parametrize("program", DAEMONS)
def test_every_log_line_is_one_json_object_of_known_keys(bus, program):
    lines = getattr(bus, program).log_lines()
    assert lines and not [line for line in lines if "raw" in line], lines[:3]
    assert all(set(line) <= LOG_KEYS and line["service"] and line["level"] for line in lines), lines[:3]


@pytest.mark.parametrize("program", ("query", "history"))
def test_a_program_has_no_name_in_shared_memory_that_would_outlive_its_kill(bus, program):
    assert getattr(bus, program).alive
    assert not [name for name in os.listdir("/dev/shm") if name.endswith(f"-{getattr(bus, program).pid}")]


def test_nothing_private_is_logged(bus, person):
    person.verdict(person.profile())
    person.registered()
    for program in bus.programs.values():
        text = program.log.read_text()
        assert not [word for word in ("Ndiaye", "+22177", person.mail_address, "eyJ") if word in text], program.name


@pytest.mark.parametrize("program", DAEMONS)
def test_a_program_without_its_topics_is_not_ready_or_refuses(program, make_bus, tmp_path):
    """A namespace nobody migrated."""
    from harness.bus import Bus
    from harness.program import Program
    lost = Bus(tmp_path)
    process = Program(program, lost.settings(program), tmp_path / "log").start()
    try:
        until(lambda: not process.alive or process.probe("/readyz")[0] == 503, 15, "not ready, or ended")
        assert not process.ready()
    finally:
        process.kill()


@pytest.mark.parametrize("program", DAEMONS)
def test_sigterm_ends_in_order_before_the_deadline(make_bus, program):
    process = getattr(make_bus(program), program)
    process.stop()
    said = [line["message"] for line in process.log_lines()]
    assert said[-1] == "ended" and not [message for message in said if message.startswith("did not end in time")]


def test_the_relay_publishes_once_even_when_two_stand_by(make_bus):
    bus = make_bus()
    bus.add("relay", 2)
    person = bus.person()
    parcel = person.registered()
    assert len(bus.topics.await_facts("parcel", f"parcel/{parcel}")) == 1
    bus.relay.stop()
    second = person.registered()
    assert len(bus.topics.await_facts("parcel", f"parcel/{second}", deadline=20)) == 1
    bus.relay.start()


def test_a_log_line_of_a_fault_carries_its_place(bus, person):
    (partition, offset), = bus.topics.write("commands", [(person.id.encode(), [], b"{}")])

    def look():
        return [line for line in bus.projector.log_lines()
                if line.get("partition") == partition and line.get("offset") == offset]
    line = until(look, 15, "a log line of the dead command")[0]
    assert line["topic"].endswith("commands") and json.dumps(line)
