"""check_reply() takes what the servers answer (design section 3 and 12) and sees what they must not answer."""
import json
import pathlib
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "schemas" / "generate"), str(pathlib.Path(__file__).parent)]

import load  # noqa: E402
import openapi  # noqa: E402
from replies import check_reply  # noqa: E402

JSON, PROBLEM = "application/json", "application/problem+json; charset=utf-8"
ID = "8c1e7a52-4f0b-4d3c-9a61-2b7f5d9e0c14"
ACCEPTED = {"id": ID, "status_url": f"/v1/commands/{ID}?receipt=AZ", "resource": f"/v1/parcels/{ID}"}
INVALID = {"type": "/problems/invalid", "title": "Fields of the body are not valid", "status": 422,
           "errors": [{"pointer": "/weight_g", "detail": "must be at least 1"}]}
PARCEL = {"id": ID, "version": 1, "state": "registered", "changed_at": "2026-11-22T10:00:00.123Z", "sender": ID,
          "recipient": {"name": "Awa Ndiaye", "phone": "+221770000000"},
          "origin": {"country": "FR", "city": "Paris", "landmark": "Gare du Nord"},
          "destination": {"country": "SN", "city": "Dakar"}, "weight_g": 2500, "category": "clothes",
          "value": {"amount": 40000, "currency": "XOF"}, "description": "Deux robes",
          "registered_at": "2026-11-22T10:00:00.123Z"}
FACT = {"fact": ID, "seq": 1, "at": "2026-11-22T10:00:00.123Z", "type": "parcel.registered.v1", "data": {}}


@pytest.fixture(scope="module")
def api():
    return openapi.openapi(load.load(TOP / "schemas"))


@pytest.mark.parametrize("method, path, status, media_type, body", [
    ("POST", "/v1/parcels", 202, JSON, ACCEPTED),
    ("POST", "/v1/parcels", 422, PROBLEM, INVALID),
    ("POST", f"/v1/parcels/{ID}/cancel", 202, JSON, ACCEPTED),
    ("POST", "/v1/parcels/no-id/cancel", 404, PROBLEM, {"type": "/problems/not-found", "title": "x", "status": 404}),
    ("POST", "/v1/me/profile", 503, PROBLEM, {"type": "/problems/unavailable", "title": "Not taken", "status": 503}),
    ("GET", f"/v1/commands/{ID}?receipt=AZ&wait=5", 200, JSON,
     {"id": ID, "state": "refused", "reason": "value_over_cap", "facts": [], "decided_at": "2026-11-22T10:00:00Z"}),
    ("GET", f"/v1/commands/{ID}?receipt=AZ", 202, JSON, {"id": ID, "state": "pending"}),
    ("GET", f"/v1/parcels/{ID}", 200, JSON, PARCEL),
    ("GET", "/v1/parcels?limit=1", 200, JSON, {"items": [PARCEL], "next": "AAAB"}),
    ("GET", f"/v1/parcels/{ID}/history", 200, JSON, {"items": [FACT]}),
    ("GET", "/v1/me/profile", 200, JSON,
     {"id": ID, "version": 1, "state": "known", "changed_at": "2026-11-22T10:00:00Z", "name": "Awa",
      "email": "awa@example.com", "language": "fr"}),
])
def test_it_takes_what_is_described(api, method, path, status, media_type, body):
    check_reply(api, method, path, status, media_type, json.dumps(body))


def test_it_takes_a_reply_without_a_body(api):
    check_reply(api, "GET", f"/v1/parcels/{ID}", 304, "", b"")


@pytest.mark.parametrize("method, path, status, media_type, body", [
    ("POST", "/v1/parcel", 202, JSON, ACCEPTED),
    ("DELETE", "/v1/parcels", 202, JSON, ACCEPTED),
    ("POST", "/v1/parcels", 200, JSON, ACCEPTED),
    ("POST", "/v1/parcels", 422, JSON, INVALID),
    ("POST", "/v1/parcels", 202, JSON, {"id": ID}),
    ("POST", "/v1/parcels", 422, PROBLEM, {"type": "/problems/invalid", "title": "x", "status": "422"}),
    ("GET", f"/v1/parcels/{ID}", 200, JSON, PARCEL | {"origin": {"country": "fr", "city": "Paris"}}),
    ("GET", f"/v1/parcels/{ID}", 200, JSON, PARCEL | {"fragile": None}),
    ("GET", "/v1/parcels", 200, JSON, [PARCEL]),
])
def test_it_refuses_what_is_not(api, method, path, status, media_type, body):
    with pytest.raises(AssertionError):
        check_reply(api, method, path, status, media_type, json.dumps(body))
