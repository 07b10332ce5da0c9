"""infra/migrate: applied once however often and however many start it; what was applied never changes."""
import importlib.util
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import types
import uuid

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, OffsetSpec,
                                   ResourceType)

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "flow"))

from harness.until import until  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def servers():
    """The servers' addresses in the environment, as infra/run prints them."""
    printed = subprocess.run([TOP / "infra" / "run", "env"], capture_output=True, text=True)
    if printed.returncode:
        pytest.skip("no servers were started here: " + printed.stderr.strip())
    for word in shlex.split(printed.stdout):
        name, _, value = word.partition("=")
        os.environ.setdefault(name, value)


@pytest.fixture
def copy(tmp_path):
    """A checkout's schemas and its migrate, to be changed by the test."""
    shutil.copytree(TOP / "schemas", tmp_path / "schemas")
    (tmp_path / "infra").mkdir()
    shutil.copy(TOP / "infra" / "migrate.py", tmp_path / "infra")
    return tmp_path


@pytest.fixture
def namespace(copy):
    name = "t" + uuid.uuid4().hex[:10]
    yield name
    assert start(copy, name, "--drop").wait() == 0


@pytest.fixture
def inside(copy):
    """The copy's migrate as a module."""
    specification = importlib.util.spec_from_file_location("migrate", copy / "infra" / "migrate.py")
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def start(copy, namespace, *options, **settings):
    return subprocess.Popen([sys.executable, copy / "infra" / "migrate.py", "--namespace", namespace, *options],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            env={**os.environ, **settings})


def migrate(copy, namespace, *options, **settings):
    """(exit code, what it printed)"""
    process = start(copy, namespace, *options, **settings)
    printed = process.communicate(timeout=300)[0]
    return process.returncode, printed


def applied(database):
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + database) as connection:
        return [name for (name,) in connection.execute("select name from bus.migration order by name")]


def files(copy):
    return sorted(file.name for file in (copy / "schemas" / "sql").glob("*.sql"))


def test_three_at_once_make_one_namespace(copy, namespace):
    started = [start(copy, namespace) for _ in range(3)]
    for process in started:
        assert process.communicate(timeout=300)[0] is not None and process.returncode == 0
    assert applied(namespace) == files(copy)


def test_a_second_time_changes_nothing(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    code, printed = migrate(copy, namespace)
    assert code == 0 and "0 of" in printed
    assert applied(namespace) == files(copy)


def test_a_file_changed_after_it_was_applied_is_refused(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    with open(copy / "schemas" / "sql" / files(copy)[0], "a") as file:
        file.write("\n-- one more thought\n")
    code, printed = migrate(copy, namespace)
    assert code != 0 and files(copy)[0] in printed and len(printed.strip().splitlines()) == 1


def test_a_new_file_is_applied_to_what_is_there(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    (copy / "schemas" / "sql" / "9000_later.sql").write_text("create table bus.later (id int);")
    assert migrate(copy, namespace)[0] == 0
    assert applied(namespace)[-1] == "9000_later.sql"


def test_a_file_that_fails_leaves_nothing_of_itself_behind(copy, namespace):
    (copy / "schemas" / "sql" / "9000_wrong.sql").write_text("create table bus.half (id int); select 1/0;")
    code, printed = migrate(copy, namespace)
    assert code != 0 and "9000_wrong.sql" in printed
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
        assert connection.execute("select to_regclass('bus.half')").fetchone() == (None,)


def test_a_role_that_is_missing_is_told_before_anything_is_applied(namespace, inside, monkeypatch):
    """A migration skips who is not there, and is never applied again: the role would have no rights for ever."""
    monkeypatch.setattr(inside, "ROLES", (*inside.ROLES, "colis_late"))
    with pytest.raises(inside.Refused, match="colis_late"):
        inside.database_migrate(namespace)
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
        assert connection.execute("select to_regclass('bus.verdict')").fetchone() == (None,)


def test_every_role_that_gets_rights_is_looked_for(copy, inside):
    made = set(re.findall(r"\b(colis_\w+|authenticated|anon|service_role)\b",
                          (TOP / "infra" / "local" / "postgres" / "roles.sql").read_text()))
    text = "".join((copy / "schemas" / "sql" / name).read_text() for name in files(copy))
    assert {role for role in made if re.search(rf"\bto {role}\b|'{role}'", text)} == set(inside.ROLES)


WAITS = """select count(*) from pg_locks l join pg_database d on d.oid = l.database
           where not granted and relation = 'state.parcel'::regclass and datname = current_database()"""


def test_who_reads_long_holds_up_the_migration_and_nobody_else(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    (copy / "schemas" / "sql" / "9000_wider.sql").write_text("alter table state.parcel add column later int;")
    url = os.environ["COLIS_POSTGRES_URL"] + "/" + namespace
    with psycopg.connect(url) as long, psycopg.connect(url, autocommit=True) as short:
        long.execute("select from state.parcel")
        process = start(copy, namespace)
        until(lambda: short.execute(WAITS).fetchone() == (1,), 120)
        short.execute("set statement_timeout = '60s'")
        assert short.execute("select count(*) from state.parcel").fetchone() == (0,)
        assert process.poll() is None
        long.rollback()
        assert process.communicate(timeout=300)[0] and process.returncode == 0
    assert applied(namespace)[-1] == "9000_wider.sql"


def test_a_migration_that_never_gets_its_table_says_so(copy, namespace, inside, monkeypatch):
    assert migrate(copy, namespace)[0] == 0
    (copy / "schemas" / "sql" / "9000_wider.sql").write_text("alter table state.parcel add column later int;")
    monkeypatch.setattr(inside, "DEADLINE", 0)
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as long:
        long.execute("select from state.parcel")
        with pytest.raises(inside.Refused, match="9000_wider.sql.*in use"):
            inside.database_migrate(namespace)


OUTBOX = "select topic, key, aggregate, version, event::text, headers::jsonb, value, due from bus.outbox order by id"


def test_what_waits_in_the_outbox_waits_there_after_it_went_into_pages(copy, namespace):
    """0017 takes rows of the outbox apart: facts into pages, commands to themselves."""
    later = [file for file in (copy / "schemas" / "sql").glob("*.sql") if file.name >= "0017"]
    kept = {file: file.read_text() for file in later}
    for file in later:
        file.unlink()
    assert migrate(copy, namespace)[0] == 0
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
        for number, topic, due in ((1, "parcel", None), (2, "trip", None), (0, "commands", "2030-01-01T00:00:00Z"),
                                   (0, "commands", None), (0, "dead.projector", None)):
            event, subject = str(uuid.uuid4()), f"parcel/{uuid.uuid4()}"
            headers = {"ce_specversion": "1.0", "ce_id": event, "ce_source": "/projector", "ce_type": "some.type.v1",
                       "ce_subject": subject, "ce_partitionkey": "k", "content-type": "application/json"}
            headers |= {"ce_sequence": f"{number:010d}", "ce_role": "person"} if number else {}
            connection.execute("insert into bus.outbox (topic, key, aggregate, version, event, headers, value, due) "
                               "values (%s, 'k', %s, %s, %s, %s, %s, %s)",
                               (topic, subject, number, event, json.dumps(headers), '{"a": "b c"}', due))
        before = connection.execute(OUTBOX).fetchall()
    for file, text in kept.items():
        file.write_text(text)
    assert migrate(copy, namespace)[0] == 0
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
        after = connection.execute(OUTBOX).fetchall()
        assert sorted(after, key=str) == sorted(before, key=str) and len(after) == 5
        facts = [row for row in after if row[0] != "commands"]
        assert facts == [row for row in before if row[0] != "commands"], "facts stay in their order"
        assert connection.execute("select count(*) from bus.outbox_command").fetchone() == (2,)


def test_topics_are_those_of_topics_json(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    admin = AdminClient({"bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"]})
    topics = {name: topic for name, topic in admin.list_topics(timeout=120).topics.items()
              if name.startswith(namespace + ".")}
    assert len(topics[namespace + ".commands"].partitions) == 12
    assert {name.removeprefix(namespace + ".") for name in topics} >= {"parcel", "auth", "dead.projector"}
    resource = ConfigResource(ResourceType.TOPIC, namespace + ".commands")
    settings = admin.describe_configs([resource])[resource].result(timeout=120)
    assert settings["message.timestamp.type"].value == "LogAppendTime"
    assert settings["retention.ms"].value == "-1"


def size_kept(admin, topic, change=None):
    """retention.bytes of the topic, after it was changed where it is to be."""
    entries = [ConfigEntry("retention.bytes", change, incremental_operation=AlterConfigOpType.SET)] if change else []
    resource = ConfigResource(ResourceType.TOPIC, topic, incremental_configs=entries)
    if change:
        admin.incremental_alter_configs([resource])[resource].result(timeout=120)
    return admin.describe_configs([resource])[resource].result(timeout=120)["retention.bytes"].value


def test_a_topic_that_forgets_by_size_is_mended(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    admin, topic = AdminClient({"bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"]}), namespace + ".commands"
    size_kept(admin, topic, "1000")
    until(lambda: size_kept(admin, topic) == "1000", 120)
    assert migrate(copy, namespace)[0] == 0
    until(lambda: size_kept(admin, topic) == "-1", 120)


def cluster(brokers, **replicas):
    """Kafka's metadata: so many brokers, topics of so many replicas."""
    topics = {f"t.{name}": types.SimpleNamespace(partitions={0: types.SimpleNamespace(replicas=[0] * count)})
              for name, count in replicas.items()}
    return types.SimpleNamespace(brokers=dict.fromkeys(range(brokers)), topics=topics)


@pytest.mark.parametrize("brokers, replicas, in_sync", [(1, 1, None), (2, 2, None), (3, 3, "2"), (5, 3, "2")])
def test_topics_have_three_replicas_where_there_are_brokers_for_them(inside, monkeypatch, brokers, replicas, in_sync):
    monkeypatch.delenv("COLIS_KAFKA_REPLICAS", raising=False)
    wanted = inside.topics_wanted("t", cluster(brokers))
    assert {found for _, found, _ in wanted.values()} == {replicas}
    assert {config.get("min.insync.replicas") for _, _, config in wanted.values()} == {in_sync}


def test_fewer_replicas_are_made_when_told_so(inside, monkeypatch):
    monkeypatch.setenv("COLIS_KAFKA_REPLICAS", "1")
    assert {replicas for _, replicas, _ in inside.topics_wanted("t", cluster(3)).values()} == {1}
    monkeypatch.setenv("COLIS_KAFKA_REPLICAS", "many")
    with pytest.raises(inside.Refused, match="COLIS_KAFKA_REPLICAS"):
        inside.topics_wanted("t", cluster(3))


def test_a_topic_of_one_replica_is_not_asked_for_two_in_sync(inside, monkeypatch):
    """It would take nothing any more."""
    monkeypatch.delenv("COLIS_KAFKA_REPLICAS", raising=False)
    wanted = inside.topics_wanted("t", cluster(3, parcel=1, trip=3))
    assert "min.insync.replicas" not in wanted["t.parcel"][2]
    assert wanted["t.trip"][2]["min.insync.replicas"] == wanted["t.auth"][2]["min.insync.replicas"] == "2"


def test_more_in_sync_than_two_stays_as_it_is(inside):
    told = {"min.insync.replicas": "2", "retention.ms": "-1"}
    assert inside.config_changes({"min.insync.replicas": "3", "retention.ms": "5"}, told) == {"retention.ms": "-1"}
    assert inside.config_changes({"min.insync.replicas": "1", "retention.ms": "5"}, told) == told


def test_every_partition_is_served_when_it_ends(copy, namespace):
    admin = AdminClient({"bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"]})
    admin.list_topics(timeout=120)  # what follows asks at once
    assert migrate(copy, namespace)[0] == 0
    topics = admin.list_topics(timeout=120).topics
    asked = admin.list_offsets({TopicPartition(name, partition): OffsetSpec.latest() for name, topic in topics.items()
                                if name.startswith(namespace + ".") for partition in topic.partitions})
    assert {answer.result(120).offset for answer in asked.values()} == {0}


NOWHERE = "postgresql://127.0.0.1:1"


@pytest.fixture
def other(namespace):
    """A database that is not called as the namespace is."""
    yield namespace + "_rows"
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/postgres", autocommit=True) as server:
        server.execute(f"drop database if exists {namespace}_rows with (force)")


def test_its_database_is_the_one_the_programs_are_told(copy, namespace, other, tmp_path):
    (tmp_path / "url").write_text(os.environ["COLIS_POSTGRES_URL"] + "/ignored?sslmode=prefer&connect_timeout=60\n")
    told = {"COLIS_POSTGRES_URL": NOWHERE, "COLIS_POSTGRES_URL_FILE": str(tmp_path / "url"),
            "COLIS_POSTGRES_DATABASE": other}
    code, printed = migrate(copy, namespace, **told)
    assert code == 0, printed
    assert applied(other) == files(copy)
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/postgres") as server:
        assert not server.execute("select from pg_database where datname = %s", [namespace]).fetchall()


def test_a_database_that_may_be_others_too_is_not_dropped(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    for variable in ("COLIS_POSTGRES_DATABASE", "COLIS_MONGO_DATABASE"):
        code, printed = migrate(copy, namespace, "--drop", **{variable: "postgres"})
        assert code != 0 and variable in printed and len(printed.strip().splitlines()) == 1
    assert applied(namespace) == files(copy)


def test_a_url_in_a_file_is_enough_where_no_servers_were_started(tmp_path):
    (tmp_path / "url").write_text(NOWHERE)
    told = {**os.environ, "COLIS_VAR": str(tmp_path), "COLIS_POSTGRES_URL_FILE": str(tmp_path / "url")}
    told.pop("COLIS_POSTGRES_URL")
    answer = subprocess.run([TOP / "infra" / "migrate", "--namespace", "t0"], capture_output=True, text=True, env=told)
    assert answer.returncode != 0 and "PostgreSQL" in answer.stderr and "port 1 " in answer.stderr


def test_a_file_that_is_not_there_is_said_so(copy, namespace, tmp_path):
    code, printed = migrate(copy, namespace, COLIS_KAFKA_PASSWORD_FILE=str(tmp_path / "none"),
                            COLIS_KAFKA_SECURITY="sasl_ssl")
    assert code != 0 and "COLIS_KAFKA_PASSWORD_FILE" in printed and len(printed.strip().splitlines()) == 1


@pytest.fixture
def hosted(monkeypatch, tmp_path):
    """What the programs of a hosted cluster are told."""
    (tmp_path / "password").write_text("pass word\n")
    for name, value in {"BROKERS": "a.example.org:9093", "SECURITY": "sasl_ssl", "SASL_MECHANISM": "SCRAM-SHA-512",
                        "USER": "colis", "PASSWORD_FILE": str(tmp_path / "password"), "CA_FILE": "/ca.pem"}.items():
        monkeypatch.setenv("COLIS_KAFKA_" + name, value)


def test_it_signs_in_to_kafka_as_the_programs_do(inside, hosted):
    assert inside.kafka_settings() == {
        "bootstrap.servers": "a.example.org:9093", "security.protocol": "sasl_ssl",
        "sasl.mechanisms": "SCRAM-SHA-512", "sasl.username": "colis", "sasl.password": "pass word",
        "ssl.ca.location": "/ca.pem"}


def test_without_sasl_no_password_is_given_away(inside, hosted, monkeypatch):
    monkeypatch.setenv("COLIS_KAFKA_SECURITY", "plaintext")
    with pytest.raises(inside.Refused, match="kafka_password"):
        inside.kafka_settings()
    monkeypatch.setenv("COLIS_KAFKA_SECURITY", "sasl_plaintext")
    monkeypatch.setenv("COLIS_KAFKA_SASL_MECHANISM", "PLAIN")
    with pytest.raises(inside.Refused, match="PLAIN"):
        inside.kafka_settings()
    monkeypatch.setenv("COLIS_KAFKA_BROKERS", "127.example.org:1")
    with pytest.raises(inside.Refused, match="PLAIN"):
        inside.kafka_settings()
    monkeypatch.setenv("COLIS_KAFKA_BROKERS", "localhost:1,127.0.0.1:2,[::1]:3")
    assert inside.kafka_settings()["sasl.mechanisms"] == "PLAIN"
