"""One booking and the people of it: each step of its life as one call, by ingress, query and the provider's page."""
import datetime
import uuid

import requests
from harness import handover
from harness.person import PARCEL, parcel_of
from harness.until import ANSWER, until

STAGES = ("known", "announced", "registered", "requested", "accepted", "paid", "collected", "departed", "delivered",
          "completed")
ACCOUNT = {"method": "mobile_money", "country": "SN", "provider": "WAVE", "account": "221770000001",
           "holder": "Omar Diop"}
# Of a parcel of 1950 g at 5000 XOF a kilogram: the example of the ledger's table.
CARRIAGE, FEE, TOTAL = 9750, 1170, 10920


def at(hours=0.0, seconds=0.0):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=hours, seconds=seconds)
    return when.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def outcome(person, path, body=None, key=None):
    """accepted, or the reason of the refusal."""
    return person.verdict(person.send(path, body or {}, key)).get("reason", "accepted")


def must(person, path, body=None, key=None):
    """Sends what has to be accepted; the id of what it made or changed."""
    taken = person.send(path, body or {}, key)
    verdict = person.verdict(taken)
    assert verdict["state"] == "accepted", f"{path}: {verdict}"
    return parcel_of(taken)


def introduction(bus, person, tier=1, account=True):
    """What makes somebody of a tier, who can be reached and, with an account, paid: [(who says it, path, body)]."""
    steps = [(person, "/v1/me/profile", {"name": "Omar Diop", "email": person.mail_address, "language": "fr"})]
    if account:
        steps.append((person, "/v1/me/payout-account", ACCOUNT))
    if tier:
        steps.append((bus.person(role="staff"), f"/v1/people/{person.id}/tier",
                      {"tier": tier, "reason": "identity_checked"}))
    return steps


def known(bus, tier=1, account=True):
    """Somebody who is introduced."""
    person = bus.person()
    for step in introduction(bus, person, tier, account):
        must(*step)
    return person


class Journey:
    """to(stage) takes every step up to it; the rest is said by whoever says it."""

    def __init__(self, bus, stage=None, departs=4.0, **more):
        self.bus, self.departs = bus, departs
        self.sender, self.traveller = more.get("sender"), more.get("traveller")
        self.trip, self.parcel, self.booking = more.get("trip"), None, None
        self.grams, self.worth, self.capacity = (more.get(name, usual) for name, usual in (
            ("grams", 1950), ("worth", 40000), ("capacity", 10000)))
        self.price = 5000  # a kilogram
        self.done = -1
        if stage:
            self.to(stage)

    def to(self, stage):
        while self.done < STAGES.index(stage):
            self.done += 1
            getattr(self, "be_" + STAGES[self.done])()
        return self

    # --- the steps ---

    def be_known(self):
        self.staff, self.lead = self.bus.person(role="staff"), self.bus.person(role="lead")
        self.sender = self.sender or known(self.bus, account=False)
        self.traveller = self.traveller or known(self.bus)

    def be_announced(self):
        self.trip = self.trip or must(self.traveller, "/v1/trips", self.announcement())

    def announcement(self, **changes):
        return {"origin": PARCEL["origin"], "destination": PARCEL["destination"], "departs": at(self.departs),
                "arrives": at(self.departs + 6), "drop_off_until": at(self.departs - 1), "capacity_g": self.capacity,
                "price_per_kg": self.price, "currency": "XOF"} | changes

    def be_registered(self):
        self.parcel = self.sender.registered(weight_g=self.grams, value={"amount": self.worth, "currency": "XOF"})

    def be_requested(self, **more):
        self.booking = must(self.sender, "/v1/bookings", {"trip": self.trip, "parcel": self.parcel} | more)

    def be_accepted(self, **more):
        self.must(self.traveller, "accept", **more)

    def be_paid(self):
        self.must(self.sender, "pay")
        self.pays(self.page())
        self.becomes("paid")

    def page(self):
        return until(lambda: self.reads(self.sender, "/payment").get("link"), 20, "a page to pay on")

    @staticmethod
    def pays(page):
        reply = requests.post(page, data={"status": "successful"}, allow_redirects=False, timeout=ANSWER)
        assert reply.status_code == 303

    def be_collected(self):
        self.photo(self.traveller, "seal")
        self.must(self.traveller, "collect", code=self.code("pickup"), opened_and_checked=True, weighed_g=self.grams)

    def be_departed(self):
        must(self.traveller, f"/v1/trips/{self.trip}/depart")
        self.parcel_becomes("in_transit")

    def be_delivered(self):
        self.must(self.traveller, "deliver", code=self.code("delivery"))

    def be_completed(self):
        self.must(self.sender, "confirm")

    # --- what people say ---

    def say(self, person, verb, **body):
        """accepted, or why not: a command on the booking."""
        return outcome(person, f"/v1/bookings/{self.booking}/{verb}", body)

    def must(self, person, verb, **body):
        must(person, f"/v1/bookings/{self.booking}/{verb}", body)

    def say_parcel(self, person, verb, **body):
        return outcome(person, f"/v1/parcels/{self.parcel}/{verb}", body)

    def photo(self, person, stage):
        assert self.say_parcel(person, "attach-photo", digest=uuid.uuid4().hex * 2, stage=stage,
                               type="jpeg") == "accepted"

    def reads(self, person, what=""):
        reply = person.read(f"/v1/bookings/{self.booking}{what}")
        assert reply.status_code == 200, reply.text
        return reply.json()

    def code(self, purpose):
        issue = self.bus.value(f"select {purpose}_code_issue from state.booking where id = %s", self.booking)
        return handover.code(handover.key("handover_key"), self.booking, purpose, issue)

    def recipient(self, n=None):
        """Who holds the link of the n-th version of the parcel; without n of the one that holds."""
        n = n or self.bus.value("select recipient_n from state.parcel where id = %s", self.parcel)
        person = self.bus.person()
        person.bear(handover.link(handover.key("link_key"), uuid.UUID(self.booking), n))
        return person

    # --- what became of it ---

    def is_at(self, kind="booking"):
        column, of = ("id", getattr(self, kind)) if hasattr(self, kind) else ("booking", self.booking)
        return self.bus.value(f"select state from state.{kind} where {column} = %s", of)

    def becomes(self, state, kind="booking", deadline=20):
        until(lambda: self.is_at(kind) == state, deadline, f"{kind} {state}, not {self.is_at(kind)}")
        return self

    def parcel_becomes(self, state):
        return self.becomes(state, "parcel")

    def value(self, column):
        return self.bus.value(f"select {column} from state.booking where id = %s", self.booking)

    def happened(self):
        """The facts of the booking as query tells its sender, once history has all of them."""
        last = self.value("version")

        def look():
            items = self.reads(self.sender, "/history?limit=100")["items"]
            return items if len(items) >= last else None
        return until(look, 20, f"{last} facts of the booking in history")

    def facts(self):
        return [item["type"].split(".")[1] for item in self.happened()]

    def money(self):
        """{account: balance} of what is not nothing; every journal has been zero, so are they all together."""
        rows = self.bus.rows("select account, sum(amount)::bigint from bus.ledger where booking = %s group by account "
                             "having sum(amount) <> 0", self.booking)
        assert sum(amount for _, amount in rows) == 0
        return dict(rows)

    def split(self):
        """To the traveller, to the sender, to fees: of the money, as query tells the sender."""
        split = until(lambda: self.reads(self.sender, "/payment").get("split"), 20, "a split")
        return split["to_traveller"], split["to_sender"], split["to_fees"]

    def comes_to(self, **money):
        """Waits until that is all the money there is of it."""
        until(lambda: self.money() == money, 20, f"{money}, not {self.money()}")

    def payout_waits(self):
        """Until payments knows of the payout, and that it has to wait."""
        until(lambda: self.bus.value(
            "select next_at > now() + interval '20 hours' from bus.payment_task where booking = %s "
            "and kind = 'payout' and step = 'claim'", self.booking), 20, "a payout on hold")

    def ends_with(self, to_traveller, to_sender, to_fees, fault=None):
        """Decided so, told so, and moved so: what is the sender's is with them, the traveller's on its way."""
        assert (self.split(), self.value("fault")) == ((to_traveller, to_sender, to_fees), fault)
        cost = self.bus.value("select coalesce(sum(amount), 0)::bigint from bus.ledger where booking = %s and "
                              "account = 'costs'", self.booking)
        left = {"provider": TOTAL - cost - to_sender, "transit": -to_traveller, "fees": -to_fees, "costs": cost}
        self.comes_to(**{account: amount for account, amount in left.items() if amount})
        self.becomes("settling" if to_traveller else "settled", "payment")

    def free(self):
        """Neither space nor parcel is bound to the booking any more."""
        assert self.is_at("parcel") == "registered"
        assert self.bus.value("select jsonb_path_exists(bookings, '$[*] ? (@.booking == $b)', jsonb_build_object('b', "
                              "%s::text)) from state.trip where id = %s", self.booking, self.trip) is False
