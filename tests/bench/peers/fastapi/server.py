# SPDX-License-Identifier: Apache-2.0
"""The ingress as it is usually written for Python: FastAPI, pydantic, PyJWT, confluent-kafka with the producer
settings of colis-ingress. server.py SETTINGS runs it under uvicorn (uvloop, httptools), one process."""
import asyncio
import base64
import datetime
import hashlib
import hmac
import json
import pathlib
import secrets
import sys
import threading
import time
import uuid
from contextlib import asynccontextmanager
from typing import Annotated, Literal

import jwt
import uvicorn
from confluent_kafka import KafkaException, Producer
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from fastapi import Depends, FastAPI, Header, HTTPException, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, EmailStr, Field, StrictBool, StrictInt, StringConstraints

SETTINGS = json.loads(pathlib.Path(sys.argv[1]).read_text())
PUBLIC_KEY = load_pem_public_key(pathlib.Path(SETTINGS["public_key"]).read_bytes())
SERVER_KEY = pathlib.Path(SETTINGS["server_key"]).read_bytes().strip()
CONTROL = r"\x00-\x1f\x7f-\x9f"

Name = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=rf"^[^{CONTROL}]*$")]
City = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=rf"^[^{CONTROL}]*$")]
Line = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=rf"^[^{CONTROL}]*$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x08\x0b-\x1f\x7f-\x9f]*$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{7,14}$")]
Millimetres = Annotated[StrictInt, Field(ge=1, le=5000)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Recipient(Strict):
    name: Name
    phone: Phone
    email: EmailStr | None = None


class Point(Strict):
    lat_e7: Annotated[StrictInt, Field(ge=-900_000_000, le=900_000_000)]
    lon_e7: Annotated[StrictInt, Field(ge=-1_800_000_000, le=1_800_000_000)]


class Address(Strict):
    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    city: City
    street: Line | None = None
    landmark: Line | None = None
    point: Point | None = None


class Size(Strict):
    length_mm: Millimetres
    width_mm: Millimetres
    height_mm: Millimetres


class Money(Strict):
    amount: Annotated[StrictInt, Field(ge=0, le=100_000_000_000)]
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]


class Declaration(Strict):
    agreed: StrictBool
    text_version: Annotated[StrictInt, Field(ge=1, le=1000)]
    signed_at: AwareDatetime | None = None


class Parcel(Strict):
    recipient: Recipient
    origin: Address
    destination: Address
    weight_g: Annotated[StrictInt, Field(ge=1, le=100_000)]
    size: Size | None = None
    category: Literal["documents", "clothes", "food", "cosmetics", "electronics", "medicine", "other"]
    value: Money
    description: Text | None = None
    ready_from: AwareDatetime | None = None
    deliver_by: AwareDatetime | None = None
    fragile: StrictBool | None = None
    declaration: Declaration | None = None


class Taken(BaseModel):
    id: str
    status_url: str
    resource: str


def prefixed(*parts):
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def derived_id(*parts):
    digest = bytearray(hashlib.sha256(prefixed(*parts)).digest()[:16])
    digest[6], digest[8] = digest[6] & 0x0F | 0x80, digest[8] & 0x3F | 0x80
    return str(uuid.UUID(bytes=bytes(digest)))


def sealed(*parts):
    return hmac.digest(SERVER_KEY, prefixed(*parts), hashlib.sha256)[:16]


def receipt_of(command, person, now_ms, fingerprint):
    front = b"\1" + now_ms.to_bytes(8, "big") + fingerprint
    whole = front + sealed(b"receipt", command.encode(), person.encode(), front)
    return base64.urlsafe_b64encode(whole).rstrip(b"=").decode()


def command_make(person, role, key, value):
    """Headers of the record, and the reply once it is stored."""
    command = derived_id(b"command", person.encode(), key.encode())
    subject = derived_id(b"aggregate", command.encode(), b"parcel")
    now_ms = time.time_ns() // 1_000_000
    at = datetime.datetime.fromtimestamp(now_ms / 1000, datetime.timezone.utc)
    fingerprint = sealed(b"fingerprint", b"POST", b"/v1/parcels", value)
    headers = {"ce_specversion": "1.0", "ce_id": command, "ce_source": "/ingress", "ce_type": "parcel.register.v1",
               "ce_subject": f"parcel/{subject}", "ce_time": at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now_ms % 1000:03}Z",
               "ce_dataschema": "/schemas/commands/parcel.register.v1", "ce_partitionkey": person,
               "ce_principal": person, "ce_role": role, "ce_fingerprint": fingerprint.hex(),
               "content-type": "application/json",
               "traceparent": f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"}
    query = SETTINGS["query_url"]
    receipt = receipt_of(command, person, now_ms, fingerprint)
    return headers, Taken(id=command, status_url=f"{query}/v1/commands/{command}?receipt={receipt}",
                          resource=f"{query}/v1/parcels/{subject}")


class Broker:
    """A producer and the thread that hands its reports to the loop."""

    def __init__(self):
        self.producer = Producer({"bootstrap.servers": SETTINGS["brokers"], "enable.idempotence": True, "acks": "all",
                                  "compression.codec": "lz4", "linger.ms": 0.2, "partitioner": "murmur2_random"})
        self.loop, self.ended = asyncio.get_running_loop(), False
        self.thread = threading.Thread(target=self._poll, daemon=True)
        self.thread.start()

    def _poll(self):
        while not self.ended:
            self.producer.poll(0.1)

    async def send(self, key, value, headers):
        """Returns once every replica in step has it."""
        done = self.loop.create_future()

        def settle(error):
            if done.cancelled():
                return
            if error:
                done.set_exception(KafkaException(error))
            else:
                done.set_result(None)
        self.producer.produce(SETTINGS["topic"], value, key, headers=headers,
                              on_delivery=lambda error, _: self.loop.call_soon_threadsafe(settle, error))
        await done

    def close(self):
        self.ended = True
        self.thread.join()
        self.producer.flush()


@asynccontextmanager
async def lifespan(app):
    app.state.broker = Broker()
    yield
    app.state.broker.close()


app = FastAPI(lifespan=lifespan, openapi_url=None)
verified = {}


def claims_of(token):
    known = verified.get(token) if SETTINGS["token_cache"] else None
    if known and known["exp"] > time.time():
        return known
    claims = jwt.decode(token, PUBLIC_KEY, algorithms=["ES256"], issuer=SETTINGS["issuer"],
                        audience=SETTINGS["audience"], leeway=30)
    verified[token] = claims
    return claims


async def person_of(authorization: Annotated[str, Header()]):
    try:
        return claims_of(authorization.removeprefix("Bearer "))
    except jwt.InvalidTokenError:
        raise HTTPException(401) from None


@app.post("/v1/parcels", status_code=202)
async def register(parcel: Parcel, response: Response, claims: Annotated[dict, Depends(person_of)],
                   idempotency_key: Annotated[str, Header()]) -> Taken:
    role = claims.get("app_metadata", {}).get("colis_role")
    value = parcel.model_dump_json(exclude_none=True).encode()
    role = role if role in ("staff", "lead") else "person"
    headers, taken = command_make(claims["sub"], role, idempotency_key, value)
    await app.state.broker.send(claims["sub"], value, headers)
    response.headers["Location"] = taken.resource
    return taken


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=SETTINGS["port"], access_log=False, log_level="warning")
