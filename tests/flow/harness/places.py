"""Where things are: the checkout, the programs, the servers infra/run keeps up."""
import functools
import os
import pathlib
import shlex
import socket
import subprocess

TOP = pathlib.Path(__file__).resolve().parents[3]
INFRA = TOP / "infra"
HOST = "127.0.0.1"
SIDE = {"ingress": "producers", "webhooks": "producers", "relay": "producers", "redrive": "producers",
        "projector": "consumers", "history": "consumers", "notifier": "consumers", "query": "consumers",
        "payments": "consumers"}


def build():
    """The build folder under test."""
    return pathlib.Path(os.environ.get("COLIS_BUILD") or TOP / "build" / "plain")


def binary(program):
    return build() / SIDE[program] / program / f"colis-{program}"


@functools.cache
def servers():
    """{name: value} of what infra/run env prints."""
    answer = subprocess.run([INFRA / "run", "env"], capture_output=True, text=True)
    if answer.returncode:
        raise RuntimeError(f"the servers are not there (infra/run servers): {answer.stdout}{answer.stderr}")
    return dict(word.partition("=")[::2] for word in shlex.split(answer.stdout))


def secret_file(name):
    return str(pathlib.Path(servers()["COLIS_SECRETS"]) / name)


def service_pid(server):
    """Pid of a supervised server (kafka, postgres, mongo, smtp)."""
    return int((TOP / "var" / "service" / server / "supervise" / "pid").read_text())


def server_ready(server):
    return subprocess.run([INFRA / "local" / server / "ready"], capture_output=True).returncode == 0


def free_port():
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]
