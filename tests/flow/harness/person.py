"""Somebody who uses the bus by HTTP: a token, commands, verdicts, reads."""
import functools
import hashlib
import importlib.machinery
import importlib.util
import json
import pathlib
import sys
import time
import uuid
from urllib.parse import urlsplit

import requests
from harness import places
from harness.until import until

PARCEL = {"recipient": {"name": "Awa Ndiaye", "phone": "+221770000000"},
          "origin": {"country": "FR", "city": "Paris"}, "destination": {"country": "SN", "city": "Dakar"},
          "weight_g": 2500, "category": "clothes", "value": {"amount": 40000, "currency": "XOF"},
          "declaration": {"agreed": True, "text_version": 1}}


def _replies_module():
    sys.path.append(str(places.TOP / "tests" / "schemas"))
    import replies
    return replies


REPLIES = _replies_module()


@functools.cache
def document():
    """The OpenAPI document of the build under test: what both servers answer at /openapi.json."""
    return json.loads((places.build() / "schemas" / "openapi.json").read_text())


def reply_check(reply, **_):
    """Every reply anybody gets is held to the document; what is no path of it can only be 404 or 405."""
    method, path = reply.request.method, urlsplit(reply.url).path
    try:
        REPLIES.operation_of(document(), method, path)
    except AssertionError:
        assert reply.status_code in (400, 404, 405) or path == "/openapi.json", f"{method} {path}: {reply.status_code}"
        return
    REPLIES.check_reply(document(), method, path, reply.status_code, reply.headers.get("Content-Type", ""),
                        reply.content)


def _token_module():
    loader = importlib.machinery.SourceFileLoader("infra_token", str(places.INFRA / "token"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("infra_token", loader))
    loader.exec_module(module)
    return module


TOKEN = _token_module()


def token_of(user, role=None, ttl=3600, secret=None, **claims):
    """A signed access token as infra/token prints it, with claims changed or (None) left out."""
    secret = secret or pathlib.Path(places.servers()["COLIS_TOKEN_SECRET_FILE"]).read_bytes().strip()
    made = TOKEN.claims_make(str(user), role, ttl, int(time.time())) | claims
    made["iss"] = claims.get("iss", places.servers()["COLIS_TOKEN_ISSUER"])
    return TOKEN.token_sign({name: value for name, value in made.items() if value is not None}, secret)


class Person:
    """A user of the bus. Every call returns the requests.Response."""

    def __init__(self, ingress, query, user=None, role=None, **claims):
        self.id = str(user or uuid.uuid4())
        self.ingress, self.query = ingress, query
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.hooks["response"] = [reply_check]
        self.session.headers["Authorization"] = "Bearer " + token_of(self.id, role, **claims)

    def bear(self, link):
        """From now on asks as the recipient whose link this is."""
        self.session.headers["Authorization"] = "Bearer " + link

    def post(self, path, body=None, key=None, headers=None, **more):
        headers = dict(headers or {})
        if key is not False:
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if body is not None:
            more["json"] = body
        return self.session.post(self.ingress + path, headers=headers, timeout=30, **more)

    def get(self, path, **more):
        url = path if path.startswith("http") else self.query + path
        return self.session.get(url, timeout=40, **more)

    def read(self, path, **more):
        """The reply; asked for again where it is a 503, which says so."""
        def look():
            reply = self.get(path, **more)
            return [reply] if reply.status_code != 503 else None  # what is no success is false
        return until(look, 20, f"{path} read")[0]

    # --- commands, taken ---

    def send(self, path, body, key=None):
        """The 202's body."""
        reply = self.post(path, body, key)
        assert reply.status_code == 202, f"{path}: {reply.status_code} {reply.text[:500]}"
        return reply.json()

    def register(self, key=None, **changes):
        return self.send("/v1/parcels", PARCEL | changes, key)

    def cancel(self, parcel, key=None, **body):
        return self.send(f"/v1/parcels/{parcel}/cancel", body, key)

    def profile(self, key=None, **changes):
        body = {"name": "Awa Ndiaye", "email": self.mail_address, "language": "fr"} | changes
        return self.send("/v1/me/profile", body, key)

    @property
    def mail_address(self):
        return f"awa.{self.id[:13]}@example.org"

    # --- verdicts ---

    def verdict(self, taken, deadline=20):
        """The verdict's body, by long-poll."""
        def look():
            reply = self.get(self.status_url(taken), params={"wait": "10"})
            assert reply.status_code in (200, 202), f"{reply.status_code} {reply.text[:300]}"
            return reply.json() if reply.status_code == 200 else None
        return until(look, deadline, f"verdict of {taken['id']}")

    def status_url(self, taken):
        return taken["status_url"]

    def registered(self, **changes):
        """A parcel's id, decided."""
        taken = self.register(**changes)
        verdict = self.verdict(taken)
        assert verdict["state"] == "accepted", verdict
        return parcel_of(taken)


def parcel_of(taken):
    return taken["resource"].rpartition("/")[2]


def command_id(principal, key):
    """UUIDv8 of SHA-256 over length-prefixed parts, as design section 1 has it; written anew, not taken over."""
    parts = (b"command", principal.encode(), key.encode())
    digest = bytearray(hashlib.sha256(b"".join(len(part).to_bytes(8) + part for part in parts)).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))
