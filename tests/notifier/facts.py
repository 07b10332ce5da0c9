"""Facts as the relay publishes them, and profiles as the projector keeps them."""
import json
import uuid

REGISTERED = {"state": "registered", "origin": {"country": "FR", "city": "Paris"},
              "destination": {"country": "SN", "city": "Dakar"}, "weight_g": 2500, "category": "clothes",
              "value": {"amount": 40000, "currency": "XOF"}}


def headers(kind, subject, version=1, **changes):
    made = {"ce_specversion": "1.0", "ce_id": str(uuid.uuid4()), "ce_source": "/projector", "ce_type": kind,
            "ce_subject": subject, "ce_time": "2026-11-22T10:00:00Z", "ce_partitionkey": subject.split("/")[1],
            "ce_sequence": f"{version:010d}", "content-type": "application/json"} | changes
    return [(name, value.encode()) for name, value in made.items() if value is not None]


def write(bus, topic, records):
    """As the relay does: what stands past its positions would mean that PostgreSQL lost time."""
    for partition, offset in bus.topics.write(topic, records):
        bus.rows("insert into bus.relay_position (topic, partition, next) values (%s, %s, %s) on conflict "
                 "(topic, partition) do update set next = greatest(relay_position.next, excluded.next)", topic,
                 partition, offset + 1)


def publish(bus, topic, kind, subject, data, **changes):
    """The fact's id."""
    made = headers(kind, subject, **changes)
    value = data if isinstance(data, bytes) else json.dumps(data, separators=(",", ":")).encode()
    write(bus, topic, [(subject.split("/")[1].encode(), made, value)])
    return dict(made)["ce_id"].decode()


def registered(bus, person, parcel=None, **changes):
    """(parcel, fact)"""
    parcel = parcel or str(uuid.uuid4())
    data = {"state": "registered", "sender": person} | REGISTERED | changes
    return parcel, publish(bus, "parcel", "parcel.registered.v1", f"parcel/{parcel}", data)


def registered_all(bus, people):
    """A parcel for each, in one go."""
    records = []
    for person in people:
        subject = f"parcel/{uuid.uuid4()}"
        data = json.dumps({"state": "registered", "sender": person} | REGISTERED, separators=(",", ":"))
        records.append((subject.split("/")[1].encode(), headers("parcel.registered.v1", subject), data.encode()))
    write(bus, "parcel", records)


def cancelled(bus, person, parcel, **data):
    return publish(bus, "parcel", "parcel.cancelled.v1", f"parcel/{parcel}",
                   {"state": "cancelled", "sender": person} | data, version=2)


def profile(bus, person, n=1, tell=False, **changes):
    """Keeps the person's profile and returns their address; tell: the fact as well."""
    value = {"name": "Awa Ndiaye", "email": f"awa.{person[:13]}@example.org", "language": "fr"} | changes
    bus.rows("insert into private.profile (id, name, n, value) values (%s, 'profile', %s, %s)", person, n,
             json.dumps(value))
    if tell:
        publish(bus, "auth", "profile.updated.v1", f"profile/{person}", {"state": "known", "n": n}, version=n)
    return value["email"]


def states(bus):
    return dict(bus.rows("select state, count(*) from bus.notification group by state"))
