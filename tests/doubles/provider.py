"""The Flutterwave double from a test's side: a process of it, a merchant's account, and a receiver of webhooks."""
import base64
import contextlib
import decimal
import hashlib
import hmac
import http.server
import itertools
import json
import os
import subprocess
import sys
import threading
import uuid

import requests
from harness import places
from harness.until import until

CUSTOMER = {"email": "awa@example.org", "name": "Awa Ndiaye", "phone_number": "+221770000000"}
DOCUMENTED = {"status", "message", "data"}


def decoded(raw):
    return json.loads(raw, parse_float=decimal.Decimal)


def signature(secret, raw):
    """The rule of v4's webhooks, written a second time."""
    return base64.b64encode(hmac.digest(secret.encode(), raw, hashlib.sha256)).decode()


class Process:
    """A double of a test's own, which can be killed and started again."""

    def __init__(self, folder):
        self.folder, self.port, self.running = folder, places.free_port(), None
        self.url = f"http://{places.HOST}:{self.port}"

    def start(self):
        command = [sys.executable, "-B", "-m", "infra.doubles.flutterwave", places.HOST, str(self.port),
                   str(self.folder / "journal")]
        with open(self.folder / "log", "ab") as log:
            self.running = subprocess.Popen(command, cwd=places.TOP, stdout=log, stderr=log,
                                            env={**os.environ, "PYTHONPATH": ""})
        until(self.answers, what="the double")
        return self

    def answers(self):
        with contextlib.suppress(requests.RequestException):
            return requests.get(self.url + "/healthz", timeout=5).ok

    def kill(self):
        self.running.kill()
        self.running.wait()


class Merchant:
    """One account of the double: speaks its API as a client would, and its control as a test may."""

    numbers = itertools.count(1)

    def __init__(self, url, **settings):
        self.url, self.name = url, f"test-{uuid.uuid4().hex[:12]}"
        self.session = requests.Session()
        self.say("PUT", "", settings)

    def say(self, method, path, body=None, status=200):
        """Something to the control; what it answers."""
        answer = requests.request(method, f"{self.url}/control/accounts/{self.name}{path}", timeout=30,
                                  data=None if body is None else json.dumps(body))
        assert answer.status_code == status, answer.text
        return decoded(answer.content)

    def v3(self, method, path, body=None, key=None, **more):
        headers = {"Authorization": f"Bearer {key or 'FLWSECK-' + self.name}", **more.pop("headers", {})}
        more.setdefault("timeout", 30)
        return self.session.request(method, f"{self.url}/v3{path}", json=body, headers=headers, **more)

    def token(self, **changed):
        form = {"client_id": self.name, "client_secret": f"FLWSECK-{self.name}", "grant_type": "client_credentials"}
        return requests.post(f"{self.url}/idp/realms/flutterwave/protocol/openid-connect/token",
                             data={**form, **changed}, timeout=30)

    def v4(self, method, path, body=None, token=None, **headers):
        given = token or self.token().json()["access_token"]
        return self.session.request(method, f"{self.url}/v4{path}", json=body, timeout=30,
                                    headers={"Authorization": f"Bearer {given}", **headers})

    def payment(self, **changed):
        """A well-formed request for a link."""
        asked = {"tx_ref": f"bk-{next(self.numbers)}", "amount": 10920, "currency": "XOF",
                 "redirect_url": "http://localhost/back", "customer": CUSTOMER, **changed}
        return {name: value for name, value in asked.items() if value is not None}

    def link(self, **changed):
        """Makes a link; its tx_ref."""
        asked = self.payment(**changed)
        assert self.v3("POST", "/payments", asked).status_code == 200
        return asked["tx_ref"]

    def paid(self, given=None, **changed):
        """Makes a link and has it paid; the charge."""
        return self.say("POST", f"/links/{self.link(**changed)}/pay", given or {})

    def payout(self, **changed):
        asked = {"account_bank": "FMM", "account_number": "221770000000", "amount": 1950, "currency": "XOF",
                 "reference": f"po-{next(self.numbers)}", "narration": "colis", **changed}
        return self.v3("POST", "/transfers", asked)

    def refund(self, charge, body=None):
        return self.v3("POST", f"/transactions/{charge['id']}/refund", body or {})

    def verify(self, charge):
        return decoded(self.v3("GET", f"/transactions/{charge['id']}/verify").content)

    def fault(self, call, kind, **more):
        self.say("POST", "/faults", {"call": call, "kind": kind, **more})

    def advance(self, seconds, patience=5):
        self.say("POST", "/clock", {"advance": seconds, "patience": patience})

    def quiet(self):
        assert self.say("POST", "/quiet", {"seconds": 25})["quiet"]

    def book(self, currency="XOF"):
        return self.say("GET", "/book")["currencies"][currency]

    def violations(self):
        return [violation["what"] for violation in self.say("GET", "/violations")]

    def webhooks(self):
        return self.say("GET", "/webhooks")

    def forget(self):
        self.say("DELETE", "")


class Receiver:
    """Takes webhooks; answers what its script says next, then 200. A held one is answered after release()."""

    def __init__(self):
        self.got, self.script, self.lock = [], [], threading.Lock()
        self.released, self.together, self.most = threading.Event(), 0, 0
        self.server = http.server.ThreadingHTTPServer((places.HOST, 0), self._handler())
        self.url = f"http://{places.HOST}:{self.server.server_port}/webhooks/flutterwave"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def _handler(self):
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(dict(self.headers), raw)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.end_headers()

            def log_message(self, *_):
                pass
        return Handler

    def take(self, headers, raw):
        with self.lock:
            self.got.append((headers, raw))
            self.together += 1
            self.most = max(self.most, self.together)
            status = self.script.pop(0) if self.script else 200
        if status == "hold":
            self.released.wait(30)
            status = 200
        with self.lock:
            self.together -= 1
        return status

    def bodies(self, count):
        """The bodies of the first so many, once they are there, and no more than those."""
        until(lambda: len(self.got) >= count, what=f"{count} webhooks")
        assert len(self.got) == count
        return [decoded(raw) for _, raw in self.got]

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
