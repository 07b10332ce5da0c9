"""infra/token: an access token as Supabase Auth issues them, which a public library reads."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import time

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
SECRET = TOP / "var" / "secrets" / "token_secret"
USER = "11111111-1111-4111-8111-111111111111"


def token(*options):
    command = [TOP / "infra" / "token", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def part(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@pytest.fixture(autouse=True)
def secret():
    if not SECRET.exists():
        pytest.skip("no servers were started here: there is no token_secret")
    return SECRET.read_text().strip().encode()


def test_a_token_is_signed_with_the_secret(secret):
    signed, _, signature = token("--user", USER).rpartition(".")
    assert hmac.compare_digest(hmac.new(secret, signed.encode(), hashlib.sha256).digest(), part(signature))
    assert json.loads(part(signed.split(".")[0]))["alg"] == "HS256"


def test_a_token_carries_the_claims_supabase_demands():
    claims = json.loads(part(token("--user", USER).split(".")[1]))
    assert claims["sub"] == USER and claims["aud"] == "authenticated" and claims["role"] == "authenticated"
    assert {"aud", "exp", "iat", "sub", "email", "phone", "role", "aal", "session_id", "is_anonymous"} <= set(claims)
    assert "colis_role" not in claims.get("app_metadata", {})


def test_a_role_stands_where_only_the_server_writes():
    claims = json.loads(part(token("--user", USER, "--role", "staff").split(".")[1]))
    assert claims["app_metadata"]["colis_role"] == "staff" and claims["role"] == "authenticated"


def test_a_token_lives_as_long_as_asked():
    claims = json.loads(part(token("--user", USER, "--ttl", "60").split(".")[1]))
    assert claims["exp"] - claims["iat"] == 60 and abs(claims["iat"] - time.time()) < 60
