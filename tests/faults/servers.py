"""Kafka and PostgreSQL of a row's own: the scripts of infra/local once more, in another folder and on other ports.

Each has its data on a small tmpfs, which can be filled at nobody else's cost, and runit's runsv keeps it up, as in
infra/run. Mounting wants root, or sudo without a password.
"""
import contextlib
import os
import re
import shutil
import signal
import subprocess
import unittest

from harness import places
from harness.until import PATIENCE, until
from round import Town

DISK = 768  # MiB; all of it is memory once it is full
OWN = ("kafka", "postgres")
PORTS = {"kafka": ("KAFKA", "KAFKA_CONTROLLER"), "postgres": ("POSTGRES",)}


def as_root(*command):
    """What only root may do; skipped, and said, where we are not and may not be."""
    if os.getuid() != 0:
        command = ("sudo", "-n", *command)
    answer = subprocess.run(command, capture_output=True, text=True)
    if answer.returncode:
        raise unittest.SkipTest(f"{' '.join(command)}: {answer.stderr.strip()}")


class Servers:
    """open() until close() every piece of the harness, and infra, finds these instead of the shared ones."""

    def __init__(self, folder, logs):
        self.folder, self.logs = folder, logs
        self.supervisors, self.before = {}, None

    def open(self):
        self.close()
        for name in ("log", *OWN):
            (self.folder / name).mkdir(parents=True)
        for name in OWN:
            as_root("mount", "-t", "tmpfs", "-o", f"size={DISK}m", "colisbus", str(self.folder / name))
        self._tell()
        self._secrets_copy()
        (self.folder / "mail").symlink_to(places.VAR / "mail")
        self._run("postgres", "install")
        for name in OWN:
            self._supervise(name)
        for name in OWN:
            until(lambda: places.server_ready(name), 90, f"{name} of one's own ready; see {self.logs}", every=0.1)
        self._run("postgres", "roles")
        return self

    def _tell(self):
        """By the environment, which wins over var/ports; the servers that are not ours stay as they are. What was told
        of the shared ones by name goes."""
        shared = re.findall(r"(COLIS_PORT_\w+):=(\d+)", (places.VAR / "ports").read_text())
        told = dict(shared) | {"COLIS_VAR": str(self.folder)}
        told |= {f"COLIS_PORT_{port}": str(places.free_port()) for name in OWN for port in PORTS[name]}
        self.before = {name: os.environ.pop(name, None) for name in (*places.servers(), *told)}
        os.environ.update(told)
        places.servers.cache_clear()

    def _secrets_copy(self):
        shutil.copytree(places.VAR / "secrets", self.folder / "secrets")
        for path in (self.folder / "secrets").glob("postgres_url_*"):
            path.write_text(re.sub(r":\d+$", f":{os.environ['COLIS_PORT_POSTGRES']}", path.read_text().strip()))

    def _run(self, name, what):
        answer = subprocess.run([places.INFRA / "local" / name / what], capture_output=True, text=True)
        assert answer.returncode == 0, f"{name}/{what}: {answer.stdout}{answer.stderr}"

    def _supervise(self, name):
        """runsv on a folder that is the scripts of infra/local; it ends with us, however we end."""
        service = self.folder / "service" / name
        service.mkdir(parents=True)
        for part in (places.INFRA / "local" / name).iterdir():
            (service / part.name).symlink_to(part)
        with open(self.logs / f"{name}.log", "ab") as log:
            self.supervisors[name] = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", "runsv", service], stdout=log,
                                                      stderr=log, stdin=subprocess.DEVNULL)

    def close(self):
        for supervisor in self.supervisors.values():
            supervisor.terminate()
        for name, supervisor in self.supervisors.items():
            try:
                supervisor.wait(30 * PATIENCE)
            except subprocess.TimeoutExpired:
                supervisor.kill()
                pid = self.pid(name)
                if pid:
                    os.kill(pid, signal.SIGKILL)
        self.supervisors.clear()
        for name in OWN:
            if os.path.ismount(self.folder / name):
                as_root("umount", "--lazy", str(self.folder / name))
        shutil.rmtree(self.folder, ignore_errors=True)
        for name, value in (self.before or {}).items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
        self.before = None
        places.servers.cache_clear()

    # --- for rows ---

    def pid(self, name):
        """0 while it is down."""
        with contextlib.suppress(OSError, ValueError):
            return int((self.folder / "service" / name / "supervise" / "pid").read_text())
        return 0

    def log(self, name):
        return (self.logs / f"{name}.log").read_text(errors="replace")

    def superuser(self):
        """Where PostgreSQL's own administrator signs in."""
        password = (self.folder / "secrets" / "postgres_postgres").read_text().strip()
        return f"postgresql://postgres:{password}@{places.HOST}:{os.environ['COLIS_PORT_POSTGRES']}/postgres"

    def fill(self, name):
        """Takes what is left of its disk; again, what has been freed since."""
        with open(self.folder / name / "filler", "ab", buffering=0) as filler:
            for size in (1 << 20, 1 << 12):
                with contextlib.suppress(OSError):
                    while True:
                        os.posix_fallocate(filler.fileno(), filler.tell(), size)
                        filler.seek(0, os.SEEK_END)
        return shutil.disk_usage(self.folder / name).free

    def free(self, name):
        (self.folder / name / "filler").unlink(missing_ok=True)


class OwnTown(Town):
    """A town on servers of its own."""

    def __init__(self, folder):
        super().__init__(folder)
        self.servers = Servers(places.TOP / "var" / "test" / "servers", self.folder)

    def open(self):
        self.servers.open()
        return super().open()

    def close(self, drop=True):
        try:
            super().close(drop)
        finally:
            self.servers.close()
