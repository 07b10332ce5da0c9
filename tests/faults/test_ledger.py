"""The ledger itself: a judge that never finds anything proves nothing. Each case spoils one thing of a good bus."""
import dataclasses
import json
import types

import laws
import ledger as books
import money
import pytest
from caller import Wish
from harness.person import command_id
from harness.topics import Message
from ledger import Ledger

PERSON, ADDRESS = "11111111-1111-4111-8111-111111111111", "awa@example.org"
BOOKING, CHARGE, REFUND, PAYOUT = "b", "cb-b-p1", "cb-b-r1-1", "cb-b-t2-1"


def message(topic, offset, id, version=0, subject="parcel/a", cause=None, type="parcel.registered.v1", **data):
    headers = {"ce_id": id, "ce_subject": subject, "ce_type": type, "ce_sequence": str(version)}
    if cause:
        headers["ce_causationid"] = cause
    return Message(topic, 0, offset, PERSON, headers, json.dumps({"sender": PERSON} | data).encode(), 0)


def moved(version, verb, *entries, **data):
    """A fact of the payment, and the lines of its journal."""
    told = [{"account": account, "currency": "XOF", "amount": amount} for account, amount in entries]
    fact = message("payment", version, f"money{version}", version, "payment/p", type=f"payment.{verb}.v1", entries=told,
                   **data)
    return fact, [(fact.id, "p", account, "XOF", amount) for account, amount in entries]


class Story:
    """Two commands of one person on one parcel, a payment that came in and went out, all in order; cases change it."""

    def __init__(self):
        self.ids = [command_id(PERSON, key) for key in "ab"]
        self.wishes = [Wish(PERSON, id, "/v1/parcels", [202], {"id": id}) for id in self.ids]
        self.commands = [message("commands", n, id) for n, id in enumerate(self.ids)]
        self.facts = [message("parcel", n, f"fact{n}", n + 1, cause=id) for n, id in enumerate(self.ids)]
        self.verdicts, self.dead = [(id, True, 1, None) for id in self.ids], []
        self.states = [("parcel/a", 2), ("payment/p", 3)]
        self.notifications = [(f"mail{n}", f"fact{n}", "parcel.registered", "sent", None, False) for n in range(2)]
        self.mails = [{"X-Colis-Notification": f"mail{n}", "X-Colis-Repeat": None} for n in range(2)]
        self.money_make()
        self.trips = [("t", "announced", 1000, 300, [{"booking": BOOKING, "grams": 300}])]
        self.parcels, self.bookings = [("a", "booked", BOOKING)], [(BOOKING, "paid", "a")]
        self.history = [{"_id": f"{fact.subject}:{fact.version:010}", "fact": fact.id, "type": fact.type}
                        for fact in self.facts + self.payment_facts]
        self.violations = []

    def money_make(self):
        """100 in, 3 of it the provider's fee; 40 back, 50 out for 1 more."""
        journals = [moved(1, "received", ("provider", 97), ("sender", -100), ("costs", 3), charge="1",
                          reference=CHARGE),
                    moved(2, "refunded", ("sender", 40), ("provider", -40), order=1),
                    moved(3, "paid_out", ("sender", 50), ("provider", -51), ("costs", 1), order=2)]
        self.payment_facts = [fact for fact, _ in journals]
        self.lines = [line for _, lines in journals for line in lines]
        self.balance = dict.fromkeys(money.ACCOUNTS, 0) | {"currency": "XOF", "provider": 6, "sender": -10, "costs": 4}
        self.orders = [{"n": 1, "reference": REFUND}, {"n": 2, "reference": PAYOUT}]
        self.book = {"balance_minor": 6, "charges": [{"id": 1, "status": "successful"}, {"id": 2, "status": "failed"}],
                     "refunds": [{"comments": REFUND, "status": "completed"}],
                     "transfers": [{"reference": PAYOUT, "status": "SUCCESSFUL"}]}

    def read(self, topic, whole=False):
        return {"commands": self.commands, "parcel": self.facts, "payment": self.payment_facts}.get(topic, [])

    def rows(self, query):
        known = {money.LINES: self.lines, money.PAYMENTS: [("p", [self.balance], self.orders)], laws.TRIPS: self.trips,
                 laws.PARCELS: self.parcels, laws.BOOKINGS: self.bookings}
        if query in known:
            return known[query]
        told = (("bus.parked", self.dead), ("bus.verdict", self.verdicts), ("bus.notification", self.notifications),
                ("state.", self.states))
        return next(rows for what, rows in told if what in query)

    def kinds(self, monkeypatch):
        """The words the ledger finds for this story."""
        monkeypatch.setattr(books, "mails", lambda address: self.mails)
        monkeypatch.setattr(books, "agreed", lambda messages: messages)
        history = types.SimpleNamespace(find=lambda: self.history)
        provider = types.SimpleNamespace(say=lambda *_: {"currencies": {"XOF": self.book}},
                                         violations=lambda: self.violations)
        bus = types.SimpleNamespace(topics=types.SimpleNamespace(read=self.read), rows=self.rows, provider=provider,
                                    value=lambda query: 0, mongo=types.SimpleNamespace(history=history))
        return {kind for kind, _ in Ledger(bus, self.wishes, [ADDRESS]).check().findings}


def twice_flagged(story):
    story.mails.append({"X-Colis-Notification": "mail0", "X-Colis-Repeat": "1"})


def unknown_there(story):
    story.wishes[1].replies[:] = [504]


def unknown_absent(story):
    story.wishes.append(Wish(PERSON, command_id(PERSON, "c"), "/v1/parcels", [504, 503, "lost"]))


def unreachable(story):
    story.notifications[0] = ("mail0", "fact0", "parcel.registered", "dead", "no_address", False)
    del story.mails[0]


def cut_off_and_out_of_date(story):
    """It came; nobody wrote that down, and when it was its turn again nobody was to be told."""
    story.notifications[0] = ("mail0", "fact0", "parcel.registered", "dead", "superseded", True)


def left_with_its_loads(story):
    """Once a trip is gone nothing is told on it: what it held it holds."""
    story.trips[0] = ("t", "lapsed", *story.trips[0][2:])
    story.bookings[0], story.parcels[0] = (BOOKING, "expired", "a"), ("a", "registered", None)


@pytest.mark.parametrize("change", [lambda story: None, twice_flagged, unknown_there, unknown_absent, unreachable,
                                    cut_off_and_out_of_date, left_with_its_loads])
def test_a_good_bus_has_no_finding(change, monkeypatch):
    story = Story()
    change(story)
    assert story.kinds(monkeypatch) == set()


SPOILED = {
    "a command is gone": (lambda s: s.commands.pop(), "lost-write"),
    "a verdict is gone": (lambda s: s.verdicts.pop(), "lost-write"),
    "a fact is gone from the end": (lambda s: s.facts.pop(), "lost-write"),
    "a fact is gone from the middle": (lambda s: s.facts.pop(0), "poll-skip"),
    "a state is behind": (lambda s: s.states.__setitem__(0, ("parcel/a", 1)), "lost-write"),
    "a state is gone": (lambda s: s.states.clear(), "lost-write"),
    "a fact is twice": (lambda s: s.facts.append(dataclasses.replace(s.facts[1], offset=2)), "duplicate"),
    "a fact has another id the second time": (
        lambda s: s.facts.append(message("parcel", 2, "fact9", 3, cause=s.ids[1])), "duplicate"),
    "versions are out of order": (lambda s: s.facts.reverse(), "nonmonotonic-poll"),
    "commands are out of order": (lambda s: s.wishes.reverse(), "nonmonotonic-send"),
    "a 503 is there": (lambda s: s.wishes[1].replies.__setitem__(0, 503), "aborted-read"),
    "a refused connection is there": (lambda s: s.wishes[1].replies.__setitem__(0, "refused"), "aborted-read"),
    "a shown verdict changed": (lambda s: setattr(s.wishes[0], "seen", {"state": "refused"}), "inconsistent-offsets"),
    "a document is gone": (lambda s: s.history.pop(), "unseen"),
    "a document is twice": (lambda s: s.history.append(s.history[0]), "duplicate"),
    "a document is another": (lambda s: s.history[0].update(type="parcel.cancelled.v1"), "inconsistent-offsets"),
    "a mail is gone": (lambda s: s.mails.pop(), "unseen"),
    "a mail is twice": (lambda s: s.mails.append(s.mails[0]), "duplicate"),
    "a mail nobody caused": (lambda s: s.mails.append({"X-Colis-Notification": "x", "X-Colis-Repeat": None}),
                             "duplicate"),
    "somebody was not told": (lambda s: s.notifications.pop(), "unseen"),
    "a mail was never sent": (
        lambda s: s.notifications.__setitem__(0, (*s.notifications[0][:3], "queued", None, False)), "unseen"),
    "a mail was given up": (
        lambda s: (s.mails.pop(0), s.notifications.__setitem__(
            0, (*s.notifications[0][:3], "dead", "refused", False))), "unseen"),
    "a mail that came is called dead": (
        lambda s: s.notifications.__setitem__(0, (*s.notifications[0][:3], "dead", "superseded", False)), "duplicate"),
    "a fact of another topic is twice": (
        lambda s: s.payment_facts.append(dataclasses.replace(s.payment_facts[2], offset=9)), "duplicate"),
    "a payment's state is gone": (lambda s: s.states.pop(), "lost-write"),
    "the provider was asked wrongly": (lambda s: s.violations.append("unknown member"), "violation"),
}


def line_set(story, at, amount):
    story.lines[at] = (*story.lines[at][:4], amount)


def line_and_entry_less(story):
    """The fact and its journal agree, and both have lost a line."""
    fact, lines = moved(2, "refunded", ("sender", 40), order=1)
    story.payment_facts[1], story.lines[3:5] = fact, lines


MONEY = {
    "a line is another": (lambda s: line_set(s, 0, 96), "unbalanced"),
    "a journal does not balance": (line_and_entry_less, "unbalanced"),
    "a journal is gone": (lambda s: s.lines.__delitem__(slice(0, 3)), "lost-write"),
    "a journal has no fact": (lambda s: s.payment_facts.pop(), "aborted-read"),
    "a balance is another": (lambda s: s.balance.update(escrow=-1), "unbalanced"),
    "a balance is of another account": (lambda s: s.balance.update(sender=0, traveller=-10), "unbalanced"),
    "the provider holds more": (lambda s: s.book.update(balance_minor=7), "unequal"),
    "the provider holds another currency": (lambda s: s.book.update(balance_minor=0), "unequal"),
    "a charge was not heard of": (lambda s: s.book["charges"][1].update(status="successful"), "lost-write"),
    "a charge never was": (lambda s: s.book["charges"][0].update(status="failed"), "aborted-read"),
    "a charge was received twice": (
        lambda s: s.payment_facts.append(moved(4, "received", charge="1", reference=CHARGE)[0]), "duplicate"),
    "a refund is missing at the provider": (lambda s: s.book["refunds"].clear(), "aborted-read"),
    "a refund was not heard of": (lambda s: s.payment_facts.pop(1), "lost-write"),
    "a refund was done twice": (lambda s: s.book["refunds"].append(s.book["refunds"][0]), "duplicate"),
    "a payout was done by two tries": (
        lambda s: s.book["transfers"].append({"reference": "cb-b-t2-2", "status": "SUCCESSFUL"}), "duplicate"),
    "a payout is twice in our books": (lambda s: s.payment_facts.append(moved(4, "paid_out", order=2)[0]), "duplicate"),
    "a payout failed at the provider": (lambda s: s.book["transfers"][0].update(status="FAILED"), "aborted-read"),
}

UNLAWFUL = {
    "more is reserved than there is": lambda s: s.trips.__setitem__(0, ("t", "announced", 200, *s.trips[0][3:])),
    "less than nothing is reserved": lambda s: s.trips.append(
        ("u", "announced", 9, -1, [{"booking": BOOKING, "grams": -1}])),
    "reserved is not the sum": lambda s: s.trips.__setitem__(0, (*s.trips[0][:3], 301, s.trips[0][4])),
    "space is kept for one that ended": lambda s: s.bookings.__setitem__(0, (BOOKING, "cancelled", "a")),
    "space is kept for nobody": lambda s: s.trips[0][4][0].update(booking="x"),
    "a parcel is booked twice": lambda s: s.bookings.append(("c", "requested", "a")),
    "a parcel is booked by one that ended": lambda s: (
        s.trips.clear(), s.bookings.__setitem__(0, (BOOKING, "declined", "a"))),
    "a parcel does not know its booking": lambda s: s.parcels.__setitem__(0, ("a", "registered", None)),
    "a free parcel has a booking": lambda s: s.parcels.__setitem__(0, ("a", "cancelled", BOOKING)),
}
SPOILED |= MONEY | {what: (change, "unlawful") for what, change in UNLAWFUL.items()}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_bus_is_found_out(what, monkeypatch):
    change, kind = SPOILED[what]
    story = Story()
    change(story)
    assert kind in story.kinds(monkeypatch)


def test_a_webhook_that_waits_is_sent_again_before_the_bus_is_at_rest(monkeypatch):
    webhook, moved_by = {"id": 1, "state": "waiting"}, []

    def advance(seconds):
        moved_by.append(seconds)
        webhook["state"] = "delivered" if len(moved_by) == 2 else "waiting"
    monkeypatch.setattr(books, "_behind", lambda *_: [])
    monkeypatch.setattr(books, "_history_behind", lambda _: [])
    books.await_rest(types.SimpleNamespace(value=lambda _: 0, provider=types.SimpleNamespace(
        webhooks=lambda: [webhook], advance=advance)), 5)
    assert moved_by == [1800, 1800]


def test_every_word_counts_for_one_of_the_sums():
    assert set(books.COUNTED.values()) == set(books.SUMS) == {"lost", "doubled", "misordered", "broken"}
