"""Brings a namespace up to schemas/: its database (sql/), its topics (topics.json).

Safe when started three times at once: an advisory lock in the server's own database orders the making of
databases, one in the namespace's database orders the migrations, and a topic that another has just made counts
as made. A migration that was applied never changes: its digest is kept. MongoDB needs nothing, its reader makes
its own collections.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import sys
import time

import psycopg
import psycopg.sql
from confluent_kafka import KafkaError, KafkaException, TopicPartition
from confluent_kafka.admin import (AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic,
                                   OffsetSpec, ResourceType)

SCHEMAS = pathlib.Path(__file__).resolve().parent.parent / "schemas"
LOCK = 0x636F6C6973  # "colis": the key of both advisory locks
BROKERS = "127.0.0.1:19092"  # as the programs have it
# Who gets rights by the migrations; they are made before (local/postgres/roles.sql).
ROLES = ("authenticated", "colis_notifier", "colis_payments", "colis_projector", "colis_query", "colis_redrive",
         "colis_relay")
DEADLINE = 120  # seconds any single server may take


class Refused(Exception):
    """A reason to stop, in one line."""


def setting(name, fallback=None):
    """As the programs read theirs (shared/base/settings.c): the content of the file COLIS_NAME_FILE, else COLIS_NAME."""
    variable = "COLIS_" + name.upper()
    path = os.environ.get(variable + "_FILE")
    try:
        value = os.environ.get(variable, fallback) if path is None else pathlib.Path(path).read_text()
    except OSError as error:
        raise Refused(f"{variable}_FILE: cannot open {path}: {error.strerror}") from error
    if fallback is None and not value:
        raise Refused(f"{variable} or {variable}_FILE must be set")
    return value.removesuffix("\n")


# --- PostgreSQL ---

def connect(name):
    """Whatever database the URL names, it is this one: so do the programs."""
    return psycopg.connect(setting("postgres_url"), dbname=name, connect_timeout=30, autocommit=True,
                           application_name="colis-migrate")


def database_absent(error):
    return 'database "' in str(error) and "does not exist" in str(error)


def database_open(name):
    """A connection to that database, which is made when it is absent."""
    try:
        return connect(name)
    except psycopg.OperationalError as error:
        if not database_absent(error):
            raise
    with connect("postgres") as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if server.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is None:
            server.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
            print(f"migrate: database {name} made")
    return connect(name)


def migrations_read():
    """(name, sha256, text) of each file, in order."""
    files = sorted((SCHEMAS / "sql").glob("[0-9][0-9][0-9][0-9]_*.sql"))
    numbers = [file.name[:4] for file in files]
    if len(set(numbers)) != len(numbers):
        raise Refused("two migrations have the same number")
    return [(file.name, hashlib.sha256(file.read_bytes()).hexdigest(), file.read_text()) for file in files]


def migrations_check(applied, files):
    """What was applied must be the beginning of what is there, unchanged."""
    for (name, digest), file in zip(applied, files):
        if file[0] != name:
            raise Refused(f"{file[0]} comes before {name}, which is applied already: give it a later number")
        if file[1] != digest:
            raise Refused(f"{name} was changed after it was applied: write a new migration instead")
    if len(applied) > len(files):
        raise Refused(f"{applied[len(files)][0]} is applied and not in schemas/sql: this checkout is older")


def database_migrate(namespace):
    files = migrations_read()
    with database_open(setting("postgres_database", "") or namespace) as database:
        roles_check(database)
        database.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        if not database.execute("SELECT to_regclass('bus.migration')").fetchone()[0]:
            database.execute("""CREATE SCHEMA IF NOT EXISTS bus;
                CREATE TABLE bus.migration (name text PRIMARY KEY, sha256 text NOT NULL,
                                            applied_at timestamptz NOT NULL DEFAULT now())""")
        applied = database.execute('SELECT name, sha256 FROM bus.migration ORDER BY name COLLATE "C"').fetchall()
        migrations_check(applied, files)
        for name, digest, text in files[len(applied):]:
            migration_apply(database, name, digest, text)
    return len(files) - len(applied), len(files)


def roles_check(database):
    """Migrations skip a role that is missing, and are applied once: made later, it would never get its rights."""
    there = {role for (role,) in database.execute("SELECT rolname FROM pg_roles")}
    names = ", ".join(role for role in ROLES if role not in there)
    if names:
        raise Refused(f"roles are missing: {names}: make them first, as infra/local/postgres/roles.sql does")


def migration_apply(database, name, digest, text):
    """Who waits for a table that is read holds up all who come after: so it waits shortly, lets them pass, tries again."""
    end = time.monotonic() + DEADLINE
    while not migration_try(database, name, digest, text):
        if time.monotonic() > end:
            raise Refused(f"{name}: a table it changes was in use for {DEADLINE} s (a backup, a rebuild?): again later")
        time.sleep(1)


def migration_try(database, name, digest, text):
    """False: somebody else held a table for longer than it waits, and nothing was done."""
    try:
        with database.transaction():
            database.execute("SET LOCAL lock_timeout = '2s'")  # below the programs' postgres_lock_ms
            database.execute(text.encode())
            database.execute("INSERT INTO bus.migration (name, sha256) VALUES (%s, %s)", [name, digest])
    except psycopg.errors.LockNotAvailable:
        return False
    except psycopg.Error as error:
        line = text.count("\n", 0, int(error.diag.statement_position or 1) - 1) + 1
        raise Refused(f"{name}:{line}: {error}".replace("\n", " ")) from error
    return True


def database_drop(namespace):
    with connect("postgres") as server:
        server.execute(f'DROP DATABASE IF EXISTS "{namespace}" WITH (FORCE)')


# --- Kafka ---

def is_loopback(broker):
    """As shared/base/host.c: a name that only begins like loopback is any other machine's."""
    return re.fullmatch(r"127\.\d+\.\d+\.\d+|localhost|\[?::1\]?", broker.strip().rpartition(":")[0]) is not None


def kafka_settings():
    """The library's settings from those of the programs, and what they refuse (shared/links/kafka.c)."""
    brokers, security = setting("kafka_brokers", BROKERS), setting("kafka_security", "plaintext")
    mechanism, password = setting("kafka_sasl_mechanism", "PLAIN"), setting("kafka_password", "")
    settings = {"bootstrap.servers": brokers, "security.protocol": security}
    if security.startswith("sasl"):
        settings |= {"sasl.mechanisms": mechanism, "sasl.username": setting("kafka_user", ""), "sasl.password": password}
    elif password:
        raise Refused(f"kafka_password: would not be used with kafka_security {security}")
    if security == "sasl_plaintext" and mechanism == "PLAIN" and not all(map(is_loopback, brokers.split(","))):
        raise Refused("kafka_sasl_mechanism: PLAIN would show the password on the network")
    if setting("kafka_ca_file", "") and "ssl" in security:
        settings["ssl.ca.location"] = setting("kafka_ca_file")
    return settings


def admin_open():
    def ignore(*_):
        """The library's own lines; what matters comes back as an exception."""
    return AdminClient({**kafka_settings(), "error_cb": ignore, "log_level": 0, "socket.timeout.ms": DEADLINE * 1000})


def replicas_wanted(there):
    """Of a topic that is made: three where there are brokers for them."""
    told = setting("kafka_replicas", "") or str(min(3, len(there.brokers)))
    if not re.fullmatch("[1-9][0-9]?", told):
        raise Refused(f"COLIS_KAFKA_REPLICAS: {told} is no number of replicas")
    return int(told)


def topics_wanted(namespace, there):
    """{full name: (partitions, replicas, configuration)} of every topic. One that is there keeps the
    replicas it has, and is not asked for more in sync than those can be."""
    description = json.loads((SCHEMAS / "topics.json").read_text())
    rows = list(description["topics"])
    rows += [dict(description["dead"], name=f"dead.{reader}") for reader in description["dead"]["readers"]]
    wanted = {}
    for row in rows:
        name = f"{namespace}.{row['name']}"
        partitions = there.topics[name].partitions.values() if name in there.topics else []
        replicas = min((len(partition.replicas) for partition in partitions), default=replicas_wanted(there))
        config = {"cleanup.policy": row["cleanup"], "retention.ms": str(row["retention_ms"]),
                  "retention.bytes": "-1", "message.timestamp.type": "LogAppendTime"}
        if replicas >= 3:
            config["min.insync.replicas"] = "2"
        wanted[name] = (row["partitions"], replicas, config)
    return wanted


def topics_migrate(namespace):
    admin = admin_open()
    cluster = admin.list_topics(timeout=DEADLINE)
    wanted, there = topics_wanted(namespace, cluster), cluster.topics
    replicas_tell(wanted, there, replicas_wanted(cluster))
    missing = [NewTopic(name, num_partitions=partitions, replication_factor=replicas, config=config)
               for name, (partitions, replicas, config) in wanted.items() if name not in there]
    if missing:
        topics_create(admin, missing)
    topics_await(admin, wanted)
    topics_configure(admin, {name: wanted[name][2] for name in wanted if name in there})
    return len(missing), len(wanted)


def replicas_tell(wanted, there, replicas):
    """A topic's replicas are for whoever runs Kafka to add: they are moved to brokers, and that takes its time."""
    if any(name not in there for name in wanted):
        print(f"migrate: topics are made with {replicas} replicas")
    fewer = [name for name, (_, found, _) in wanted.items() if found < replicas]
    if fewer:
        print(f"migrate: topics with fewer than {replicas} replicas stay as they are: {', '.join(fewer)}")


def topics_create(admin, missing):
    for name, future in admin.create_topics(missing, operation_timeout=DEADLINE).items():
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise Refused(f"topic {name}: {error.args[0].str()}") from error


def topics_await(admin, wanted):
    """Until every topic has its partitions and every partition a leader that serves it: brokers name one before it has
    made the partition, and by seconds where many are made at once. Meanwhile it refuses what it is sent."""
    end = time.monotonic() + DEADLINE
    while True:
        there = admin.list_topics(timeout=DEADLINE).topics
        waiting = [name for name in wanted if name not in there or there[name].error or
                   any(partition.leader < 0 for partition in there[name].partitions.values())]
        waiting = waiting or topics_unserved(admin, there, wanted)
        if not waiting:
            break
        if time.monotonic() > end:
            raise Refused(f"topic {waiting[0]} has no leader after {DEADLINE} s")
        time.sleep(0.02)
    for name, (partitions, _, _) in wanted.items():
        if len(there[name].partitions) != partitions:
            raise Refused(f"topic {name} has {len(there[name].partitions)} partitions, topics.json says {partitions}: "
                          "keys would move; make a new topic and drain this one first")


def topics_unserved(admin, there, wanted):
    """Those with a partition whose leader does not say where it ends."""
    asked = admin.list_offsets({TopicPartition(name, partition): OffsetSpec.latest()
                                for name in wanted for partition in there[name].partitions}, request_timeout=DEADLINE)
    return sorted({place.topic for place, answer in asked.items() if answer.exception(DEADLINE)})


def config_changes(now, wanted):
    """Programs demand two replicas in sync or more."""
    return {key: value for key, value in wanted.items()
            if now[key] != value and not (key == "min.insync.replicas" and int(now[key]) > 2)}


def topics_configure(admin, wanted):
    """Brings topics that were there already to the configuration wanted now."""
    if not wanted:
        return
    described = admin.describe_configs([ConfigResource(ResourceType.TOPIC, name) for name in wanted])
    changes = []
    for resource, future in described.items():
        now = {key: entry.value for key, entry in future.result(DEADLINE).items()}
        changed = config_changes(now, wanted[resource.name])
        if changed:
            print(f"migrate: topic {resource.name}: " + ", ".join(f"{k} is now {v}" for k, v in changed.items()))
            changes.append(ConfigResource(ResourceType.TOPIC, resource.name, incremental_configs=[
                ConfigEntry(k, v, incremental_operation=AlterConfigOpType.SET) for k, v in changed.items()]))
    for future in admin.incremental_alter_configs(changes).values() if changes else []:
        future.result(DEADLINE)


def topics_drop(namespace):
    admin = admin_open()

    def named():
        return [name for name in admin.list_topics(timeout=DEADLINE).topics if name.startswith(namespace + ".")]
    names = named()
    for future in admin.delete_topics(names, operation_timeout=DEADLINE).values() if names else []:
        try:
            future.result()
        except KafkaException as error:
            if error.args[0].code() != KafkaError.UNKNOWN_TOPIC_OR_PART:
                raise
    end = time.monotonic() + DEADLINE
    while named() and time.monotonic() < end:
        time.sleep(0.02)


# --- the command ---

def drop_check(namespace):
    """A database that is called otherwise may hold what is not ours."""
    for variable in ("postgres_database", "mongo_database"):
        if setting(variable, "") not in ("", namespace):
            raise Refused(f"COLIS_{variable.upper()} is {setting(variable)}: only a database called as the namespace is "
                          "is dropped, this one by hand")


def mongo_drop(namespace):
    import pymongo  # only here: it costs a fifth of a second
    with pymongo.MongoClient(setting("mongo_url"), serverSelectionTimeoutMS=DEADLINE * 1000) as client:
        for name in client[namespace].list_collection_names():
            client[namespace][name].delete_many({})  # a server may stand still for all while it drops what is full
        client.drop_database(namespace)


def arguments_read():
    parser = argparse.ArgumentParser(prog="infra/migrate", description=__doc__.partition("\n\n")[0])
    parser.add_argument("--namespace", default=setting("namespace", "colis"),
                        help="prefix of the topics, name of the databases (default: colis)")
    parser.add_argument("--drop", action="store_true", help="remove the namespace: database, topics, MongoDB database")
    parser.add_argument("--yes", action="store_true", help="with --drop: even when it is colis")
    arguments = parser.parse_args()
    if not re.fullmatch("[a-z][a-z0-9_]{0,39}", arguments.namespace):
        parser.error("a namespace is a letter, then letters, digits and _, at most 40")
    if arguments.drop and arguments.namespace == "colis" and not arguments.yes:
        parser.error("dropping colis loses everything on this bus: say --yes as well")
    return arguments


def run(arguments):
    namespace = arguments.namespace
    kafka_settings()  # what it refuses, before anything is made
    if arguments.drop:
        drop_check(namespace)
        database_drop(namespace)
        topics_drop(namespace)
        mongo_drop(namespace)
        print(f"migrate: {namespace} is gone")
        return
    started = time.monotonic()
    new_files, files = database_migrate(namespace)
    new_topics, topics = topics_migrate(namespace)
    print(f"migrate: {namespace}: {new_files} of {files} migrations applied now, {new_topics} of {topics} topics made now, "
          f"{time.monotonic() - started:.1f} s")


def main():
    try:
        run(arguments_read())
    except Refused as error:
        return f"migrate: {error}"
    except psycopg.Error as error:
        return f"migrate: PostgreSQL: {error}".strip().replace("\n", " ")
    except KafkaException as error:
        return f"migrate: Kafka at {setting('kafka_brokers', BROKERS)}: {error.args[0].str()}"
    return 0


if __name__ == "__main__":
    sys.exit(main())
