"""Rows as the projector keeps them: one booking with its parcel, payment, review and people, and facts about them."""
import json
import uuid

import facts
from harness import places

EXAMPLES = places.TOP / "schemas" / "examples" / "valid"
AT = "2026-11-22T10:00:00Z"
LATER = "2099-01-01T12:00:00Z"


def flat(row, prefix=""):
    """{"origin": {"city": ...}} as the columns of a row: {"origin_city": ...}."""
    columns = {}
    for name, value in row.items():
        columns |= flat(value, f"{prefix}{name}_") if isinstance(value, dict) else {prefix + name: value}
    return columns


def example(kind, name="least"):
    return json.loads((EXAMPLES / kind / f"{name}.json").read_text())


class World:
    """Each has people of its own; whoever has no profile yet gets one by meet()."""

    def __init__(self, bus, **changes):
        self.bus = bus
        for name in ("sender", "traveller", "trip", "parcel", "booking", "payment", "review"):
            setattr(self, name, str(uuid.uuid4()))
        people = {"sender": self.sender, "traveller": self.traveller}
        self.keep("parcel", example("parcel", "registered") | {"state": "in_transit", "booking": self.booking,
                  "trip": self.trip, "sender": self.sender, "traveller": self.traveller, "recipient_changes": 0})
        self.keep("booking", example("booking") | people | {
            "state": "collected", "trip": self.trip, "parcel": self.parcel, "payment": self.payment,
            "review": self.review,
            "grams": 2500, "carriage": 9750, "fee": 1170, "departs": "2026-11-25T08:30:00Z",
            "arrives": "2026-11-25T14:05:00Z", "drop_off_until": "2026-11-24T18:00:00Z"} | changes)
        self.keep("payment", example("payment") | people | {"booking": self.booking, "trip": self.trip,
                                                            "parcel": self.parcel})
        self.keep("review", example("review") | people | {"booking": self.booking})

    # --- rows ---

    def keep(self, kind, row):
        columns = flat(row | {"id": getattr(self, kind)})
        self.bus.rows(f"insert into state.{kind} select * from jsonb_populate_record(null::state.{kind}, %s)",
                      json.dumps(columns))

    def change(self, kind, **columns):
        for name, value in columns.items():
            self.bus.rows(f"update state.{kind} set {name} = %s where id = %s", value, getattr(self, kind))

    def keep_private(self, kind, name, n, value):
        self.bus.rows(f"insert into private.{kind} (id, name, n, value) values (%s, %s, %s, %s)", getattr(self, kind),
                      name, n, json.dumps(value))

    def recipient(self, n=1, email=True, name="Moussa Fall"):
        """The parcel's recipient from its version n on; their address."""
        address = f"recipient{n}.{self.parcel[:13]}@example.org" if email is True else email
        told = {"name": name, "phone": "+221770000000"} | ({"email": address} if address else {})
        self.keep_private("parcel", "register" if n == 1 else "correct", n, {"recipient": told})
        self.change("parcel", recipient_n=n)
        return address

    def meet(self, **changes):
        """Profiles of sender and traveller; their addresses."""
        sender, traveller = f"s.{self.sender[:13]}@example.org", f"t.{self.traveller[:13]}@example.org"
        return (facts.profile(self.bus, self.sender, name="Awa Ndiaye", email=sender, **changes),
                facts.profile(self.bus, self.traveller, name="Jean Diouf", email=traveller, **changes))

    # --- facts ---

    def tell(self, family, subject=None, **data):
        """The fact's id; what its example says, with these members instead (None: without)."""
        kind = family.split(".")[0]
        topic = {"review": "booking", "profile": "auth"}.get(kind, kind)
        value = {name: value for name, value in (example(family + ".v1") | data).items() if value is not None}
        return facts.publish(self.bus, topic, family + ".v1", f"{kind}/{subject or getattr(self, kind)}", value)
