"""One running program: started from the build folder, ready by its own word, ended by SIGTERM with exit code 0."""
import json
import os
import signal
import subprocess

import requests
from harness import places
from harness.until import PATIENCE, until

# Only these pass from the caller's environment: a program is told everything by the test that starts it.
KEPT = ("PATH", "LANG", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class Program:
    """A process of ours and the file its output goes to."""

    def __init__(self, name, settings, log, ready_deadline=20):
        self.name, self.settings, self.log = name, settings, log
        self.binary = places.binary(name)
        self.ready_deadline = ready_deadline
        self.process = None
        self.manage = f"http://{places.HOST}:{settings.get('COLIS_MANAGEMENT_PORT')}"

    def start(self):
        assert self.binary.exists(), f"colis-{self.name} is not built"
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | self.settings
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.binary], env=environment, stdin=subprocess.DEVNULL, stdout=log,
                                            stderr=log)
        return self

    @property
    def pid(self):
        return self.process.pid

    @property
    def alive(self):
        return self.process is not None and self.process.poll() is None

    def probe(self, path="/readyz"):
        """(status, text) of a management path; (0, "") while nobody listens."""
        try:
            reply = requests.get(self.manage + path, timeout=5)
            return reply.status_code, reply.text
        except requests.RequestException:
            return 0, ""

    def ready(self):
        return self.probe()[0] == 200

    def await_ready(self):
        def look():
            assert self.alive, f"{self.name} ended with {self.process.returncode}: {self.last_lines()}"
            return self.ready()
        try:
            until(look, self.ready_deadline, f"{self.name} ready")
        except AssertionError as error:
            raise AssertionError(f"{error}; /readyz says {self.probe()}; log: {self.last_lines()}") from None
        return self

    def metric(self, name):
        """Sum of all series of a family; NaN, which equals and exceeds nothing, where it is not told."""
        status, text = self.probe("/metrics")
        if status != 200:
            return float("nan")
        lines = [line for line in text.splitlines() if not line.startswith("#")]
        values = [line.rpartition(" ")[2] for line in lines if line.split("{")[0].split(" ")[0] == name]
        return sum(float(value) for value in values)

    def signal(self, number):
        os.kill(self.pid, number)

    def kill(self):
        """kill -9, and gone."""
        if self.alive:
            self.signal(signal.SIGKILL)
        self.process.wait()

    def stop(self, deadline=15):
        """SIGTERM; an orderly end is part of the contract."""
        if self.process is None:
            return
        if self.alive:
            self.signal(signal.SIGCONT)
            until(lambda: not self.alive or self.minds(signal.SIGTERM), deadline, f"{self.name} minds it", every=0.005)
        if self.alive:
            self.signal(signal.SIGTERM)
        try:
            code = self.process.wait(deadline * PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            late = f"{self.name} did not end within {deadline * PATIENCE} s: {self.last_lines()}"
            raise AssertionError(late) from None
        self.process = None
        assert code == 0, f"{self.name} ended with {code}: {self.last_lines()}"

    def minds(self, number):
        """Does it wait for this signal? Before it has come so far the signal just ends it."""
        with open(f"/proc/{self.pid}/status") as status:
            masks = dict(line.split(":", 1) for line in status if line.startswith(("SigBlk", "SigCgt")))
        return any(int(mask, 16) >> (number - 1) & 1 for mask in masks.values())

    def last_lines(self, count=6):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-count:])[-3000:]

    def log_lines(self):
        """The log as JSON objects; what is none comes as {"raw": line}."""
        with open(self.log, errors="replace") as log:
            return [_parsed(line) for line in log if line.strip()]


def _parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return {"raw": line}
