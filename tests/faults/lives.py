"""A couple, sender and traveller, who live the whole life of one booking after another, each its own way by chance.

What is refused, or not heard of in time, is no matter: the life goes on with what is there, or ends.
"""
import time
import uuid

import requests
from caller import Caller, Over
from harness import handover
from harness.journey import at, introduction, known
from harness.person import PARCEL, parcel_of
from harness.until import PATIENCE, pause

TIER = 2  # no hold on payouts
IN_VAIN = 5  # trips in a row that carry nothing, before others take over


class Couple(Caller):
    """work() is one trip with one booking or two on it. Who abandoned too often may carry no more, and what is disputed
    counts against what both may have under way: then it is another couple, so that a long load is as lively as a short
    one."""

    def __init__(self, bus, seed, stop):
        super().__init__(seed, 0.1, stop)
        self.bus, self.lives, self.in_vain, self.written = bus, 0, 0, set()
        self.sender = self.traveller = self.recipient = None

    def meet(self):
        self.are(known(self.bus, TIER, account=False), known(self.bus, TIER))

    def are(self, sender, traveller):
        self.sender, self.traveller, self.in_vain = sender, traveller, 0
        self.recipient = f"moussa.{sender.id[:13]}@example.org"
        self.written |= {sender.mail_address, traveller.mail_address, self.recipient}

    def others_meet(self):
        """As meet, in any weather; nothing changes where it does not work out."""
        sender, traveller = self.bus.person(), self.bus.person()
        steps = introduction(self.bus, sender, TIER, account=False) + introduction(self.bus, traveller, TIER)
        self.written |= {sender.mail_address, traveller.mail_address}  # even if not all of it is done
        if all(self.say(*step, looks=60) for step in steps):
            self.are(sender, traveller)

    def addresses(self):
        return sorted(self.written)

    def chance(self, percent):
        return self.random.random() * 100 < percent

    # --- a trip ---

    def work(self):
        trip = self.say(self.traveller, "/v1/trips", {
            "origin": PARCEL["origin"], "destination": PARCEL["destination"], "departs": at(4), "arrives": at(10),
            "drop_off_until": at(3), "capacity_g": 10_000, "price_per_kg": 5000, "currency": "XOF"})
        self.in_vain += 1
        if self.in_vain > IN_VAIN:
            self.others_meet()
        if not trip or self.in_vain == 0:
            return
        aboard = []
        for _ in range(self.random.choice((1, 1, 2))):
            life = Life(self, trip)
            self.lives += 1
            if life.gets_aboard():
                aboard.append(life)
                self.in_vain = 0
        if self.chance(10):
            end = "abandon" if aboard else "cancel"
            self.say(self.traveller, f"/v1/trips/{trip}/{end}", {"reason": "cannot_travel"})
        elif self.say(self.traveller, f"/v1/trips/{trip}/depart", {}):
            for life in aboard:
                life.gets_there()

    # --- how they speak ---

    def say(self, person, path, body, looks=5):
        """The id of what it made or changed, where it is known to have been accepted; else None."""
        self.breathe()
        wish = self.wish(person, path, body)
        for _ in range(round(looks * PATIENCE)):
            if not wish.taken or wish.seen:
                break
            self.breathe()
            self.look(wish, person)
        accepted = wish.seen and wish.seen["state"] == "accepted"
        return parcel_of(wish.taken) if accepted else None

    def breathe(self):
        pause(self.random.uniform(0.02, 0.3))
        if self.stop_event.is_set():
            raise Over

    def reads(self, person, path, find, seconds=6):
        """What find makes of the answer once it makes anything of it; None after so many seconds, and patience."""
        end = time.monotonic() + seconds * PATIENCE
        while time.monotonic() < end:
            self.breathe()
            try:
                reply = person.get(path)
            except requests.RequestException:
                continue
            assert reply.status_code in (200, 404, 503), f"{path}: {reply.status_code} {reply.text[:300]}"
            found = find(reply.json()) if reply.status_code == 200 else None
            if found:
                return found
        return None


class Life:
    """One parcel and its booking."""

    def __init__(self, couple, trip):
        self.couple, self.trip = couple, trip
        self.sender, self.traveller = couple.sender, couple.traveller
        self.chance, self.random = couple.chance, couple.random
        self.parcel = self.booking = None

    def gets_aboard(self):
        """Whether the traveller has it."""
        return self.is_agreed() and self.is_paid() and self.is_collected()

    def say(self, person, verb, **body):
        return self.couple.say(person, f"/v1/bookings/{self.booking}/{verb}", body)

    def reads(self, what, find):
        return self.couple.reads(self.sender, f"/v1/bookings/{self.booking}{what}", find)

    def cancelled(self, percent, *people):
        """By one of them, perhaps."""
        if not self.chance(percent):
            return False
        self.say(self.random.choice(people), "cancel", reason="changed_mind")
        return True

    def is_agreed(self):
        grams = self.random.randint(300, 4000)
        self.parcel = self.couple.say(self.sender, "/v1/parcels", PARCEL | {
            "weight_g": grams, "recipient": PARCEL["recipient"] | {"email": self.couple.recipient}})
        self.booking = self.parcel and self.couple.say(self.sender, "/v1/bookings", {
            "trip": self.trip, "parcel": self.parcel, "min_grams": 100})
        if not self.booking or self.cancelled(6, self.sender):
            return False
        if self.chance(6):
            self.say(self.traveller, "decline", reason="no_room")
            return False
        some = {"grams": grams - 100} if self.chance(15) else {}
        return self.say(self.traveller, "accept", **some) and not self.cancelled(6, self.sender, self.traveller)

    # --- money ---

    def is_paid(self):
        """Within four pages: some payments fail, some are of a part only, some come twice."""
        for _ in range(4):
            if not self.say(self.sender, "pay"):
                break
            page = self.reads("/payment", lambda payment: payment.get("link"))
            if page:
                self.visits(page)
            if self.reads("", lambda booking: booking["state"] != "accepted"):
                break
        paid = self.reads("", lambda booking: booking["state"])
        return paid == "paid" and not self.cancelled(12, self.sender, self.traveller)

    def visits(self, page):
        """What they do there: nobody is told of it but by the provider."""
        if self.chance(15):
            self.pays(page, status="failed")
        elif self.chance(10):
            self.pays(page, status="successful", amount=str(self.random.randint(100, 1000)))
        else:
            self.pays(page, status="successful")
            if self.chance(10):
                self.pays(page, status="successful")

    def pays(self, page, **form):
        """A page that does not answer is tried again, as people do; perhaps that pays twice."""
        for _ in range(20):
            try:
                reply = requests.post(page, data=form, allow_redirects=False, timeout=5)
            except requests.RequestException:
                self.couple.breathe()
                continue
            assert reply.status_code == 303, f"the provider's page: {reply.status_code} {reply.text[:300]}"
            break

    # --- from hand to hand ---

    def photo(self, person, stage):
        digest = uuid.UUID(int=self.random.getrandbits(128)).hex * 2
        return self.couple.say(person, f"/v1/parcels/{self.parcel}/attach-photo",
                               {"digest": digest, "stage": stage, "type": "jpeg"})

    def wrong(self, verb, **body):
        if self.chance(15):
            self.say(self.traveller, verb, code="000000", **body)

    def is_collected(self):
        if self.chance(8):
            self.say(self.traveller, "refuse-at-pickup", reason="bad_packing")
            return False
        code = self.reads("/codes", lambda codes: codes["items"] and codes["items"][0]["code"])
        self.photo(self.traveller, "seal")
        self.wrong("collect", opened_and_checked=True, weighed_g=300)
        return code and self.say(self.traveller, "collect", code=code, opened_and_checked=True, weighed_g=300)

    def gets_there(self):
        if not self.couple.reads(self.sender, f"/v1/parcels/{self.parcel}", lambda seen: seen["state"] == "in_transit"):
            return
        if self.chance(30):
            self.say(self.traveller, "report", step="arrived")
        self.wrong("deliver")
        code = handover.code(handover.key("handover_key"), self.booking, "delivery", 1)
        if not self.say(self.traveller, "deliver", code=code):
            return
        if self.chance(70):
            if self.say(self.sender, "confirm"):
                self.rated()
        elif self.chance(50):  # else the day ends it
            self.disputed()

    def disputed(self):
        self.photo(self.sender, "damage")
        if self.say(self.sender, "dispute", cause="damaged", statement="It is broken.") and self.chance(50):
            self.say(self.sender, "drop-dispute")

    def rated(self):
        review = self.reads("", lambda booking: booking.get("review"))
        for person in (self.sender, self.traveller):
            if review and self.chance(60):
                self.couple.say(person, f"/v1/reviews/{review}/rate", {"score": self.random.randint(1, 5)})
