"""Handover codes, recipients' links and QR texts, computed a second time from the words of the headers.

Nothing of ours is called: hashlib and PyPI cryptography (shared/domain/code.h, shared/http/link.h, shared/http/qr.h,
shared/base/id.h).
"""
import base64
import hashlib
import hmac
import pathlib
import struct
import uuid

from cryptography.exceptions import InvalidSignature  # noqa: F401: what scanned raises
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from harness import places

PURPOSES = ("pickup", "delivery", "return")


def key(name):
    """The secret of this checkout: handover_key, link_key, qr_key."""
    return bytes.fromhex(pathlib.Path(places.secret_file(name)).read_text().strip())


def prefixed(*parts):
    return b"".join(struct.pack(">Q", len(part)) + part for part in (str(part).encode() for part in parts))


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def code(handover_key, booking, purpose, issue, turn=0):
    tag = hmac.digest(handover_key, prefixed("handover code", booking, purpose, issue, turn), "sha256")
    usable = [word for word, in struct.iter_unpack(">I", tag) if word < 4294000000]
    return f"{usable[0] % 1000000:06}" if usable else code(handover_key, booking, purpose, issue, turn + 1)


def link(link_key, booking, n):
    """What a recipient carries as a bearer token; booking: uuid.UUID."""
    tag = hmac.digest(link_key, prefixed("recipient link", booking, n), "sha256")[:24]
    return base64url(b"\x01" + booking.bytes + struct.pack(">I", n) + tag)


def principal(booking, n):
    """Whom the link speaks for."""
    made = bytearray(hashlib.sha256(prefixed("recipient", booking, n)).digest()[:16])
    made[6], made[8] = made[6] & 0x0f | 0x80, made[8] & 0x3f | 0x80
    return str(uuid.UUID(bytes=bytes(made)))


def qr_signed(booking, purpose, issue, digits):
    return prefixed("handover qr", "1", booking, purpose, issue, digits)


def qr(seed, booking, purpose, issue, digits):
    signature = Ed25519PrivateKey.from_private_bytes(seed).sign(qr_signed(booking, purpose, issue, digits))
    return ".".join(["1", base64url(booking.bytes), purpose[0], str(issue), digits, base64url(signature)])


def public_of(jwks):
    """The key of GET /v1/keys: one Ed25519 key, named by its thumbprint (RFC 7638)."""
    jwk, = jwks["keys"]
    assert (jwk["kty"], jwk["crv"], jwk["use"], jwk["alg"]) == ("OKP", "Ed25519", "sig", "EdDSA")
    least = '{"crv":"Ed25519","kty":"OKP","x":"%s"}' % jwk["x"]
    assert jwk["kid"] == base64url(hashlib.sha256(least.encode()).digest())
    return Ed25519PublicKey.from_public_bytes(unbase64url(jwk["x"]))


def scanned(public, text):
    """(booking, purpose, issue, code) of a QR text, by the public key alone; InvalidSignature where it lies."""
    version, booking, purpose, issue, digits, signature = text.split(".")
    assert version == "1"
    found = uuid.UUID(bytes=unbase64url(booking)), {p[0]: p for p in PURPOSES}[purpose], int(issue), digits
    public.verify(unbase64url(signature), qr_signed(*found))
    return found
