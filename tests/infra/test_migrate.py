"""infra/migrate: applied once however often and however many start it; what was applied never changes."""
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import uuid

import psycopg
import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient, ConfigResource, OffsetSpec, ResourceType

TOP = pathlib.Path(__file__).resolve().parents[2]


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


def start(copy, namespace, *options):
    return subprocess.Popen([sys.executable, copy / "infra" / "migrate.py", "--namespace", namespace, *options],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def migrate(copy, namespace):
    """(exit code, what it printed)"""
    process = start(copy, namespace)
    printed = process.communicate(timeout=300)[0]
    return process.returncode, printed


def applied(namespace):
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
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


def test_every_partition_is_served_when_it_ends(copy, namespace):
    admin = AdminClient({"bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"]})
    admin.list_topics(timeout=120)  # what follows asks at once
    assert migrate(copy, namespace)[0] == 0
    topics = admin.list_topics(timeout=120).topics
    asked = admin.list_offsets({TopicPartition(name, partition): OffsetSpec.latest() for name, topic in topics.items()
                                if name.startswith(namespace + ".") for partition in topic.partitions})
    assert {answer.result(120).offset for answer in asked.values()} == {0}
