"""What the peers have in common: their settings, their processes, and what these cost.

A peer is started as its makers start it, on one core with everything it starts; CPU is user and system time of its
whole process tree, ended children too, memory the resident pages of the tree.
"""
import base64
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils
from harness import places
from harness.person import TOKEN
from harness.until import until

HERE = pathlib.Path(__file__).parent / "peers"
BUILT = places.TOP / "var" / "peers"
TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 2**20


def built(name):
    """Whether the peer could be installed; infra/bench has tried."""
    return (BUILT / name / "installed").exists()


def why_not(name):
    log = BUILT / f"{name}.log"
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"SKIPPED: {name} is not installed: {lines[-1] if lines else 'tests/bench/peers/install was not run'}"


# --- tokens: one pair of keys for everybody ---

def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Signer:
    """ES256: a pair of keys in a folder, as JWKS for us and as PEM for the peers."""

    def __init__(self, folder):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.pem, self.jwks = folder / "public.pem", folder / "jwks.json"
        public = self.key.public_key()
        self.pem.write_bytes(public.public_bytes(serialization.Encoding.PEM,
                                                 serialization.PublicFormat.SubjectPublicKeyInfo))
        numbers = public.public_numbers()
        self.jwks.write_text(json.dumps({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": "bench",
            "x": base64url(numbers.x.to_bytes(32, "big")), "y": base64url(numbers.y.to_bytes(32, "big"))}]}))

    def token(self, user):
        claims = TOKEN.claims_make(str(user), None, 6 * 3600, int(time.time()))
        claims["iss"] = places.servers()["COLIS_TOKEN_ISSUER"]
        header = {"alg": "ES256", "typ": "JWT", "kid": "bench"}
        text = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode()) for part in (header, claims))
        r, s = utils.decode_dss_signature(self.key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        return text + "." + base64url(r.to_bytes(32, "big") + s.to_bytes(32, "big"))


# --- processes ---

def tree(pid):
    """The pids of a process and of all it started."""
    found = [pid]
    for one in found:
        for task in pathlib.Path(f"/proc/{one}/task").glob("*/children"):
            found += [int(child) for child in task.read_text().split()]
    return found


def cpu_seconds(pid):
    """User and system time of the tree, with children that have ended."""
    total = 0
    for one in tree(pid):
        fields = pathlib.Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICK


def resident_mb(pid):
    return sum(int(pathlib.Path(f"/proc/{one}/statm").read_text().split()[1]) for one in tree(pid)) * PAGE_MB


def core_take(pid, core):
    """Every thread of the tree onto one core; what is started later follows."""
    cores = sorted(os.sched_getaffinity(0))
    for one in tree(pid):
        for task in os.listdir(f"/proc/{one}/task"):
            os.sched_setaffinity(int(task), {cores[min(core, len(cores) - 1)]})


class Process:
    """A peer's process: ready once its port answers, ended by SIGTERM."""

    def __init__(self, command, log, port=None, environment=None, folder=None):
        self.log, self.port = log, port
        with open(log, "ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=folder,
                                            env={**os.environ, **(environment or {})}, start_new_session=True)

    @property
    def pid(self):
        return self.process.pid

    def await_ready(self, deadline=60):
        def look():
            assert self.process.poll() is None, f"ended: {pathlib.Path(self.log).read_text()[-2000:]}"
            with socket.socket() as probe:
                return probe.connect_ex((places.HOST, self.port)) == 0
        until(look, deadline, f"port {self.port} answers", every=0.1)
        return self

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                os.killpg(self.pid, number)
                try:
                    self.process.wait(15)
                except subprocess.TimeoutExpired:
                    continue
