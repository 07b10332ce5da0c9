"""Commands nobody can decide: records as they may stand on the topic, and one that only the database refuses."""
import json
import uuid

from harness.person import PARCEL

# A command of this weight cannot be stored: a stand-in for a defect of ours that only some commands meet.
CURSED = 6_666
CURSE = f"""
    create or replace function state.curse() returns trigger language plpgsql as
        $$ begin if new.weight_g = {CURSED} then raise exception 'cursed parcel'; end if; return new; end $$;
    create trigger curse before insert or update on state.parcel for each row execute function state.curse()"""
LIFT = "drop trigger curse on state.parcel"


def headers_of(principal, **changes):
    """Complete headers of a register command by a person (an id); None leaves one out."""
    command, parcel = str(uuid.uuid4()), str(uuid.uuid4())
    headers = {"ce_id": command, "ce_source": "/ingress", "ce_specversion": "1.0", "ce_type": "parcel.register.v1",
               "ce_subject": f"parcel/{parcel}", "ce_time": "2026-11-22T10:00:00.123Z", "ce_principal": principal,
               "ce_role": "person", "ce_partitionkey": principal, "ce_fingerprint": "0" * 32,
               "ce_dataschema": "/schemas/commands/parcel.register.v1", "content-type": "application/json",
               "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"} | changes
    return [(name, value.encode() if isinstance(value, str) else value)
            for name, value in headers.items() if value is not None]


GOOD = json.dumps(PARCEL, separators=(",", ":")).encode()
# {what is wrong: (changed headers, value)}
POISON = {
    "bad json": ({}, b'{"recipient":'),
    "no value": ({}, None),
    "empty value": ({}, b""),
    "a wrong member": ({}, GOOD.replace(b"2500", b"0")),
    "bad utf-8": ({}, GOOD.replace(b"Dakar", b"\xff\xfe")),
    "a NUL": ({}, GOOD.replace(b"Dakar", b"Da\x00ar")),
    "nested a hundred thousand deep": ({}, b"[" * 100_000),
    "one mebibyte": ({}, b'{"a":"' + b"x" * 1_000_000 + b'"}'),
    "unknown type": ({"ce_type": "parcel.explode.v1"}, GOOD),
    "unknown version": ({"ce_type": "parcel.register.v9"}, GOOD),
    "a fact's type": ({"ce_type": "parcel.registered.v1"}, GOOD),
    "no id": ({"ce_id": None}, GOOD),
    "no type": ({"ce_type": None}, GOOD),
    "no subject": ({"ce_subject": None}, GOOD),
    "a malformed id": ({"ce_id": "17"}, GOOD),
    "a malformed subject": ({"ce_subject": "parcel"}, GOOD),
    "another kind of subject": ({"ce_subject": "profile/" + str(uuid.uuid4())}, GOOD),
    "bad utf-8 in a header": ({"ce_id": b"\xff\xfe"}, GOOD),
    "another specversion": ({"ce_specversion": "9.9"}, GOOD),
}
