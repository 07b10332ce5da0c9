"""People who book, pay and are paid; and what both books say about it."""
import datetime
import json
import re

from harness.until import Late, until

PARIS, DAKAR = {"country": "FR", "city": "Paris"}, {"country": "SN", "city": "Dakar"}
ACCOUNT = {"method": "mobile_money", "country": "SN", "provider": "FMM", "account": "221771112233",
           "holder": "Fatou Sow"}
HOUR = 3600
TOTAL = 10920  # of 2.5 kg at 3900 a kilogram, with its fee


def ago(**span):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**span)


def ahead(**span):
    return ago(**{name: -value for name, value in span.items()}).isoformat(timespec="milliseconds").replace(
        "+00:00", "Z")


class Deal:
    """One accepted booking and its payment."""

    def __init__(self, market, sender, traveller, booking):
        self.market, self.sender, self.traveller, self.booking = market, sender, traveller, booking
        self.payment = str(market.bus.value("select id from state.payment where booking = %s", booking))

    # --- what people do ---

    def cancel(self, person=None):
        person = person or self.sender
        reason = {"reason": "changed_mind"} if person is self.sender else {"reason": "other"}
        return self.market.decided(person, person.send(f"/v1/bookings/{self.booking}/cancel", reason))

    def ask_to_pay(self):
        """Asks for a page; its reference."""
        taken = self.sender.send(f"/v1/bookings/{self.booking}/pay", {})
        assert self.market.decided(self.sender, taken) == "accepted"
        return self.state()["attempts"][-1]["reference"]

    def page(self):
        """Asks for a page and waits until the sender can see it; its reference."""
        reference = self.ask_to_pay()
        self.await_link(len(self.state()["attempts"]))
        return reference

    def await_link(self, n):
        def look():
            ready = any(fact["n"] == n for fact in self.published("payment.link_ready"))
            return ready and self.links() and [attempt for attempt in self.state()["attempts"] if attempt["n"] == n]
        return self.market.told(look, 20, f"page {n} of {self.payment}", every=0.05)

    def links(self):
        return self.market.bus.rows("select value ->> 'link' from private.payment where id = %s and name = 'link'",
                                    self.payment)

    def pay_on(self, reference, **given):
        return self.market.merchant.say("POST", f"/links/{reference}/pay", given)

    def paid(self, **given):
        """The sender pays on a page; waits for the projector to hold it."""
        charge = self.pay_on(self.page(), **given)
        self.await_state("held")
        return charge

    def retry(self, person, order, **more):
        taken = person.send(f"/v1/payments/{self.payment}/retry-order", {"order": order, **more})
        return self.market.decided(person, taken)

    # --- what the bus knows ---

    def state(self):
        names = ("state", "version", "attempts", "charges", "orders", "balances", "received", "total")
        [row] = self.market.bus.rows(f"select {', '.join(names)} from state.payment where id = %s", self.payment)
        return dict(zip(names, row))

    def booking_state(self):
        return self.market.bus.value("select state from state.booking where id = %s", self.booking)

    def await_state(self, state, deadline=60):
        return self.market.told(lambda: (seen := self.state())["state"] == state and seen, deadline,
                                f"payment {self.payment} {state}")

    def orders(self):
        """(kind, state, amount) of each."""
        return [(order["kind"], order["state"], order["amount"]) for order in self.state()["orders"]]

    def await_orders(self, *wanted, deadline=60):
        return self.market.told(lambda: self.orders() == list(wanted), deadline, f"orders {wanted}")

    def facts(self, family):
        """All facts of this family: whatever its row tells of is published."""
        until(self.market.bus.at_rest, 30, "nothing is under way")
        return self.published(family, whole=True)

    def published(self, family, whole=False):
        """Facts of this family that stand on their topic so far."""
        found = self.market.bus.topics.read("payment", check=False, whole=whole)
        return [fact.data for fact in found
                if fact.subject == f"payment/{self.payment}" and fact.type.startswith(family + ".v")]

    def tasks(self):
        return self.market.tasks("payment = %s", self.payment)


class Market:
    """The bus, the provider's account, and both books."""

    def __init__(self, bus, merchant):
        self.bus, self.merchant = bus, merchant
        self.staff = bus.person(role="staff")
        self.lead = bus.person(role="lead")
        self.log_may_hold = None  # the one error a test brings about

    # --- people ---

    def decided(self, person, taken):
        return person.verdict(taken).get("reason", "accepted")

    def accepted(self, person, path, body):
        """A command that must be accepted; what it made."""
        taken = person.send(path, body)
        assert self.decided(person, taken) == "accepted", path
        return taken["resource"].rpartition("/")[2]

    def sender(self):
        person = self.bus.person()
        assert self.decided(person, person.profile()) == "accepted"
        return person

    def traveller(self, tier=2, account=ACCOUNT):
        person = self.bus.person()
        person.profile()
        self.accepted(person, "/v1/me/payout-account", account)
        self.accepted(self.staff, f"/v1/people/{person.id}/tier", {"tier": tier, "reason": "identity_checked"})
        # The account has stood for longer than its hold of a day.
        self.bus.rows("update state.profile set payout_since = %s where id = %s", ago(days=2), person.id)
        return person

    def trip(self, traveller, departs):
        return self.accepted(traveller, "/v1/trips", {
            "origin": PARIS, "destination": DAKAR, "departs": ahead(hours=departs),
            "arrives": ahead(hours=departs + 8), "drop_off_until": ahead(hours=departs - 1), "capacity_g": 30000,
            "price_per_kg": 3900, "currency": "XOF"})

    def deal(self, departs=100, tier=2, traveller=None, trip=None, sender=None):
        """An accepted booking. departs: in so many hours."""
        sender, traveller = sender or self.sender(), traveller or self.traveller(tier)
        trip = trip or self.trip(traveller, departs)
        parcel = sender.registered()
        booking = self.accepted(sender, "/v1/bookings", {"trip": trip, "parcel": parcel})
        self.accepted(traveller, f"/v1/bookings/{booking}/accept", {})
        return Deal(self, sender, traveller, booking)

    # --- time and tasks ---

    def tasks(self, where="true", *values):
        return self.bus.rows("select kind, n, try, step, asked, attempts, reason, round(extract(epoch from next_at - "
                             f"clock_timestamp())) from bus.payment_task where {where} order by opened_at, n", *values)

    def hurry(self, where="true", *values):
        """What waits is done now: its time has come."""
        self.bus.rows("update bus.payment_task set next_at = clock_timestamp() where step not in ('done', 'dead') "
                      f"and {where}", *values)
        self.bus.rows("notify payment_task")

    def told(self, look, deadline=60, what="", every=0.02):
        """What look() returns once it is true; where it never is, how everything stood."""
        try:
            return until(look, deadline, what, every)
        except Late as late:
            orders = self.bus.rows("select state, orders from state.payment")
            raise Late(f"{late}; tasks {self.tasks()}; payments {orders}") from None

    def hurried(self, look, deadline=60, what=""):
        """Waits for something of which only the time of asking stands in the way."""
        def hurried():
            seen = look()
            if not seen:
                self.hurry("next_at > clock_timestamp() + interval '17 seconds'")  # not what is claimed
            return seen
        return self.told(hurried, deadline, what, every=0.2)

    def restart(self, **settings):
        """Payments ends in an orderly way, and is there again with other settings."""
        self.bus.payments.stop()
        self.bus.add("payments", **settings).await_ready()

    # --- both books ---

    def requests(self, call, status=None):
        return [request for request in self.merchant.say("GET", "/requests")
                if request["call"] == call and (status is None or request["status"] == status)]

    def balances(self):
        return dict(self.bus.rows("select currency, sum(amount) from bus.ledger where account = 'provider' "
                                  "group by currency having sum(amount) <> 0"))

    def provider_balances(self):
        book = self.merchant.say("GET", "/book")["currencies"]
        return {currency: found["balance_minor"] for currency, found in book.items() if found["balance_minor"]}

    def check(self):
        """No call was wrong, no journal off, and the provider holds what we think it holds."""
        assert self.merchant.violations() == []
        assert self.bus.rows("select booking, currency, sum(amount) from bus.ledger group by booking, currency "
                             "having sum(amount) <> 0") == []
        until(lambda: self.balances() == self.provider_balances(), 60,
              f"equal books: ours {self.balances()}, theirs {self.provider_balances()}; {self.tasks()}")
        self._check_log()
        assert self.bus.rows("select kind, reason from bus.parked") == []

    def _check_log(self):
        """No secret, no name, no account in what payments said."""
        with open(self.bus.folder / "payments.log", errors="replace") as log:
            text = log.read()
        for private in ("FLWSECK", "Awa", "Fatou", "22177", "@example.org", "/pay/"):
            assert private not in text, re.findall(f".*{re.escape(private)}.*", text)[:3]
        for line in text.splitlines():
            said = json.loads(line)
            assert said["level"] != "error" or said["message"] == self.log_may_hold, line


