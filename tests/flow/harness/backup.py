"""A backup of a bus's database, and the bus as of that hour again: what an operator's pg_dump and pg_restore do."""
import subprocess

import psycopg
from harness import places


def url(name):
    return places.servers()["COLIS_POSTGRES_URL"] + "/" + name


def run(*command):
    answer = subprocess.run(command, capture_output=True, text=True)
    assert answer.returncode == 0, f"{command[0]}: {answer.stderr[-2000:]}"


def take(bus, path):
    """A dump, consistent as of its beginning; the bus goes on meanwhile."""
    run("pg_dump", "--format=custom", "--compress=0", f"--file={path}", url(bus.namespace))


def make_empty(bus):
    """The database dropped under whoever is connected, and made anew with nothing in it."""
    if bus._database:
        bus._database.close()
    with psycopg.connect(url("postgres"), autocommit=True) as server:
        server.execute(f'drop database if exists "{bus.namespace}" with (force)')
        server.execute(f'create database "{bus.namespace}"')


def put_back(bus, path):
    """And filled from the dump."""
    make_empty(bus)
    run("pg_restore", "--exit-on-error", f"--dbname={url(bus.namespace)}", str(path))
