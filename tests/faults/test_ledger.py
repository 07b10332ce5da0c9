"""The ledger itself: a judge that never finds anything proves nothing. Each case spoils one thing of a good bus."""
import dataclasses
import json
import types

import ledger as books
import pytest
from harness.person import command_id
from harness.topics import Message
from ledger import Ledger
from load import Wish

PERSON, ADDRESS = "11111111-1111-4111-8111-111111111111", "awa@example.org"


def message(topic, offset, id, version=0, subject="parcel/a", cause=None):
    headers = {"ce_id": id, "ce_subject": subject, "ce_type": "parcel.registered.v1", "ce_sequence": str(version)}
    if cause:
        headers["ce_causationid"] = cause
    return Message(topic, 0, offset, PERSON, headers, json.dumps({"sender": PERSON}).encode(), 0)


class Story:
    """Two commands of one person on one parcel, all in order; cases change what they like."""

    def __init__(self):
        self.ids = [command_id(PERSON, key) for key in "ab"]
        self.wishes = [Wish(PERSON, id, "/v1/parcels", [202], {"id": id}) for id in self.ids]
        self.commands = [message("commands", n, id) for n, id in enumerate(self.ids)]
        self.facts = [message("parcel", n, f"fact{n}", n + 1, cause=id) for n, id in enumerate(self.ids)]
        self.verdicts = [(id, True, 1, None) for id in self.ids]
        self.states = [("parcel/a", 2)]
        self.history = [{"_id": f"parcel/a:{n + 1:010}", "fact": f"fact{n}", "type": "parcel.registered.v1"}
                        for n in range(2)]
        self.mails = [{"X-Colis-Notification": f"mail{n}", "X-Colis-Repeat": None} for n in range(2)]

    def read(self, topic):
        return {"commands": self.commands, "parcel": self.facts}.get(topic, [])

    def rows(self, query):
        return self.verdicts if "bus.verdict" in query else self.states

    def kinds(self, monkeypatch):
        """The words the ledger finds for this story."""
        monkeypatch.setattr(books, "mails", lambda address: self.mails)
        monkeypatch.setattr(books, "agreed", lambda messages: messages)
        history = types.SimpleNamespace(find=lambda: self.history)
        bus = types.SimpleNamespace(topics=types.SimpleNamespace(read=self.read), rows=self.rows,
                                    value=lambda query: 0, mongo=types.SimpleNamespace(history=history))
        return {kind for kind, _ in Ledger(bus, self.wishes, {PERSON: ADDRESS}).check().findings}


def twice_flagged(story):
    story.mails.append({"X-Colis-Notification": "mail0", "X-Colis-Repeat": "1"})


def unknown_there(story):
    story.wishes[1].replies[:] = [504]


def unknown_absent(story):
    story.wishes.append(Wish(PERSON, command_id(PERSON, "c"), "/v1/parcels", [504, 503, "lost"]))


@pytest.mark.parametrize("change", [lambda story: None, twice_flagged, unknown_there, unknown_absent])
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
    "versions are out of order": (lambda s: s.facts.reverse(), "nonmonotonic"),
    "commands are out of order": (lambda s: s.wishes.reverse(), "nonmonotonic"),
    "a 503 is there": (lambda s: s.wishes[1].replies.__setitem__(0, 503), "aborted-read"),
    "a refused connection is there": (lambda s: s.wishes[1].replies.__setitem__(0, "refused"), "aborted-read"),
    "a shown verdict changed": (lambda s: setattr(s.wishes[0], "seen", {"state": "refused"}), "inconsistent"),
    "a document is gone": (lambda s: s.history.pop(), "unseen"),
    "a document is twice": (lambda s: s.history.append(s.history[0]), "duplicate"),
    "a document is another": (lambda s: s.history[0].update(type="parcel.cancelled.v1"), "inconsistent"),
    "a mail is gone": (lambda s: s.mails.pop(), "unseen"),
    "a mail is twice": (lambda s: s.mails.append(s.mails[0]), "duplicate"),
    "a mail nobody caused": (lambda s: s.mails.append({"X-Colis-Notification": "x", "X-Colis-Repeat": None}),
                             "duplicate"),
}


@pytest.mark.parametrize("what", SPOILED)
def test_a_spoiled_bus_is_found_out(what, monkeypatch):
    change, kind = SPOILED[what]
    story = Story()
    change(story)
    assert kind in story.kinds(monkeypatch)


def test_every_word_counts_for_one_of_the_three_sums():
    assert set(books.COUNTED.values()) == {"lost", "doubled", "misordered"}
