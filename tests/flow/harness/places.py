"""Where things are: the checkout, the programs, the servers infra/run keeps up."""
import contextlib
import fcntl
import functools
import os
import pathlib
import random
import shlex
import socket
import subprocess
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[3]
INFRA = TOP / "infra"
VAR = pathlib.Path(os.environ.get("COLIS_VAR") or TOP / "var")  # of the servers this process was started for
HOST = "127.0.0.1"
PORTS = range(29000, 32768)  # below those the kernel gives to who connects, above those of infra/run
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
    return int((VAR / "service" / server / "supervise" / "pid").read_text())


def is_process(pid):
    return os.path.exists(f"/proc/{pid}")


def server_ready(server):
    return subprocess.run([INFRA / "local" / server / "ready"], capture_output=True).returncode == 0


_held = []


def free_port():
    """A port that nobody else is given while this process lives."""
    folder = pathlib.Path(tempfile.gettempdir()) / f"colis-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    for port in random.SystemRandom().sample(PORTS, len(PORTS)):
        with contextlib.suppress(OSError), contextlib.ExitStack() as held:
            fcntl.flock(held.enter_context(open(folder / str(port), "wb")), fcntl.LOCK_EX | fcntl.LOCK_NB)
            with socket.socket() as probe:
                probe.bind((HOST, port))
            _held.append(held.pop_all())
            return port
    raise RuntimeError(f"no port is free from {PORTS.start} to {PORTS.stop - 1}")
