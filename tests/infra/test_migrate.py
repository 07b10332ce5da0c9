"""infra/migrate: applied once however often and however many start it; what was applied never changes."""
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import uuid

import psycopg
import pytest
from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

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
    printed = process.communicate(timeout=60)[0]
    return process.returncode, printed


def applied(namespace):
    with psycopg.connect(os.environ["COLIS_POSTGRES_URL"] + "/" + namespace) as connection:
        return [name for (name,) in connection.execute("select name from bus.migration order by name")]


def files(copy):
    return sorted(file.name for file in (copy / "schemas" / "sql").glob("*.sql"))


def test_three_at_once_make_one_namespace(copy, namespace):
    started = [start(copy, namespace) for _ in range(3)]
    for process in started:
        assert process.communicate(timeout=60)[0] is not None and process.returncode == 0
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


def test_topics_are_those_of_topics_json(copy, namespace):
    assert migrate(copy, namespace)[0] == 0
    admin = AdminClient({"bootstrap.servers": os.environ["COLIS_KAFKA_BROKERS"]})
    topics = {name: topic for name, topic in admin.list_topics(timeout=10).topics.items()
              if name.startswith(namespace + ".")}
    assert len(topics[namespace + ".commands"].partitions) == 12
    assert {name.removeprefix(namespace + ".") for name in topics} >= {"parcel", "auth", "dead.projector"}
    resource = ConfigResource(ResourceType.TOPIC, namespace + ".commands")
    settings = admin.describe_configs([resource])[resource].result(timeout=10)
    assert settings["message.timestamp.type"].value == "LogAppendTime"
    assert settings["retention.ms"].value == "-1"
