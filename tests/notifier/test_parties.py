"""Who is told what of a booking: its parties, found by its rows, each in words of their own."""
import json
import uuid

import facts
import pytest
from harness.until import until
from world import LATER, World, example

SENDER, TRAVELLER, RECIPIENT = "sender", "traveller", "recipient"
SPLIT = {"to_traveller": 1950, "to_sender": 7800, "to_fees": 1170}

# fact, what it says, and who is told with which subject
TOLD = [
    ("booking.accepted", {"pay_by": LATER, "carriage": 9750, "fee": 1170, "currency": "XOF", "grams": 2500},
     {SENDER: "Votre demande est acceptée : payez pour réserver"}),
    ("booking.declined", {"reason": "no_room"}, {SENDER: "Votre demande est refusée"}),
    ("booking.expired", {}, {SENDER: "Votre demande a expiré"}),
    ("booking.cancelled", {"by": "sender", "split": SPLIT}, {TRAVELLER: "Une réservation de votre voyage est annulée"}),
    ("booking.cancelled", {"by": "traveller", "split": SPLIT}, {SENDER: "Votre réservation est annulée"}),
    ("booking.cancelled", {"by": "system", "split": SPLIT},
     {SENDER: "Votre réservation est annulée", TRAVELLER: "Une réservation de votre voyage est annulée"}),
    ("booking.paid", {},
     {SENDER: "Votre réservation est payée", TRAVELLER: "Une réservation de votre voyage est payée"}),
    ("booking.redated", {}, {SENDER: "Les dates du voyage changent"}),
    ("booking.collected", {"weighed_g": 2450},
     {SENDER: "Votre colis est chez le voyageur", RECIPIENT: "Un colis est en route pour vous"}),
    ("booking.code_issued", {"purpose": "return", "recipient_n": None}, {SENDER: "Vous avez un code de retour"}),
    ("booking.code_issued", {"purpose": "pickup", "recipient_n": None},
     {SENDER: "Vous avez un nouveau code de remise"}),
    ("booking.pickup_failed", {"reason": "no_show_sender", "by": "traveller", "contest_by": LATER},
     {SENDER: "La remise du colis n'a pas eu lieu", TRAVELLER: "La remise du colis n'a pas eu lieu"}),
    ("booking.delivered", {"confirm_by": LATER},
     {SENDER: "Votre colis est livré", RECIPIENT: "Votre colis vous est remis"}),
    ("booking.delivery_proved", {"by": "traveller", "default_at": LATER},
     {SENDER: "Votre colis en litige est livré", RECIPIENT: "Votre colis en litige vous est remis"}),
    ("booking.delivery_proved", {"by": "staff", "default_at": None},
     {SENDER: "Votre colis en litige est livré", RECIPIENT: "Votre colis en litige vous est remis"}),
    ("booking.disputed", {"cause": "late", "by": "sender"},
     {TRAVELLER: "Un litige est ouvert sur un colis de votre voyage",
      RECIPIENT: "Un litige est ouvert sur votre colis"}),
    ("booking.disputed", {"cause": "damaged", "by": "recipient"},
     {SENDER: "Un litige est ouvert sur votre envoi", TRAVELLER: "Un litige est ouvert sur un colis de votre voyage"}),
    ("booking.disputed", {"cause": "pickup", "by": "traveller"}, {SENDER: "Un litige est ouvert sur votre envoi"}),
    ("booking.completed", {"split": SPLIT},
     {SENDER: "Votre envoi est terminé", TRAVELLER: "Votre transport est terminé"}),
    ("booking.resolved", {"split": SPLIT}, {SENDER: "Le litige est réglé", TRAVELLER: "Le litige est réglé"}),
    ("booking.reminded", {"what": "pickup"},
     {SENDER: "Rappel : remettez votre colis au voyageur", TRAVELLER: "Rappel : un colis est à prendre"}),
    ("booking.reminded", {"what": "hand_over"}, {TRAVELLER: "Rappel : un colis est à remettre"}),
    ("booking.reminded", {"what": "confirm"}, {SENDER: "Rappel : confirmez la livraison"}),
    ("booking.reminded", {"what": "staff"}, {}),
    ("booking.evidence_added", {}, {}),
    ("parcel.in_customs", {}, {SENDER: "Votre colis est à la douane"}),
    ("parcel.delayed", {}, {SENDER: "Votre colis a du retard", RECIPIENT: "Le colis que vous attendez a du retard"}),
    ("parcel.arrived", {}, {SENDER: "Votre colis est arrivé", RECIPIENT: "Votre colis est arrivé"}),
    ("parcel.lost", {"by": "traveller"}, {SENDER: "Votre colis est déclaré perdu"}),
    ("parcel.lost", {"by": "sender"}, {}),
    ("parcel.found", {}, {SENDER: "Votre colis est retrouvé"}),
    ("parcel.damaged", {"by": "traveller"}, {SENDER: "Votre colis est déclaré abîmé"}),
    ("parcel.seized", {}, {SENDER: "Votre colis est saisi"}),
    ("parcel.return_started", {"by": "traveller"}, {SENDER: "Votre colis revient vers vous"}),
    ("parcel.returned", {}, {SENDER: "Votre colis vous est rendu"}),
    ("payment.refunded", {"amount": 7800, "currency": "XOF"}, {SENDER: "Vous êtes remboursé"}),
    ("review.opened", {}, {SENDER: "Comment s'est passé l'envoi ?", TRAVELLER: "Comment s'est passé le transport ?"}),
    ("review.published", {}, {SENDER: "Les notes sont publiées", TRAVELLER: "Les notes sont publiées"}),
]


def await_done(bus, count):
    """Every notification there is has been sent or given up; their number."""
    def look():
        states = facts.states(bus)
        return not states.get("queued") and not states.get("sending") and sum(states.values()) >= count
    return until(look, 30, f"{count} notifications, all done")


def test_every_fact_is_told_to_its_parties_and_to_nobody_else(post, mail_server):
    worlds = []
    for family, data, told in TOLD:
        world = World(post)
        sender, traveller = world.meet()
        addresses = {SENDER: sender, TRAVELLER: traveller, RECIPIENT: world.recipient()}
        worlds.append((world, family, data, told, addresses))
    for world, family, data, _, _ in worlds:
        # an example names its parties by one id: here they are these, where the fact names any
        named = {name: getattr(world, name) for name in ("sender", "traveller", "booking")}
        own = {} if family.startswith("booking") else {name: named[name] for name in members(family) & named.keys()}
        world.tell(family, **own, **data)
    await_done(post, sum(len(told) for _, _, _, told, _ in worlds))
    assert facts.states(post) == {"sent": sum(len(told) for _, _, _, told, _ in worlds)}
    for _, family, data, told, addresses in worlds:
        found = {who: [str(mail["Subject"]) for mail in mail_server.mails(address)]
                 for who, address in addresses.items()}
        assert {who: subjects for who, subjects in found.items() if subjects} == {who: [told[who]] for who in told}, \
            f"{family} {data}"
    check_private(worlds, mail_server)


def members(family):
    return example(family + ".v1", "all").keys()


def check_private(worlds, mail_server):
    """Nobody's name, address or number stands in a mail to somebody else."""
    own = {SENDER: "Awa Ndiaye", TRAVELLER: "Jean Diouf", RECIPIENT: "Moussa Fall"}
    for *_, addresses in worlds:
        for who, address in addresses.items():
            text = "".join(f"{mail}{mail.get_content()}" for mail in mail_server.mails(address))
            assert "+221770000000" not in text
            assert not any(name in text for other, name in own.items() if other != who)
            assert not any(other in text for other in addresses.values() if other != address)


def test_a_request_is_told_to_its_traveller_with_weight_share_and_deadline(post, mail_server):
    world = World(post, state="requested")
    _, traveller = world.meet(time_zone="Europe/Paris")
    world.tell("booking.requested", sender=world.sender, traveller=world.traveller, grams=2500, carriage=9750, fee=1170,
               currency="XOF", expires="2026-11-23T10:00:00Z", departs="2026-07-25T08:30:00Z")
    mail, = until(lambda: mail_server.mails(traveller), 20, "the mail")
    text = mail.get_content()
    assert "Poids : 2,5 kg" in text and "Pour vous : 9\u00a0750\u00a0XOF" in text and "Contenu : vêtements" in text
    assert "avant le 23 novembre 2026 à 11:00 (Europe/Paris)" in text and "25 juillet 2026 à 10:30" in text
    assert "Trajet : Paris – Dakar" in text and world.booking in text


def test_amounts_and_times_are_written_as_the_person_s_language_has_them(post, mail_server):
    world = World(post, currency="EUR", carriage=123456, fee=1250, pay_by="2026-11-22T12:00:00Z")
    sender, _ = world.meet(language="en")
    world.tell("booking.accepted", carriage=123456, fee=1250, currency="EUR", grams=1000, pay_by="2026-11-22T12:00:00Z")
    mail, = until(lambda: mail_server.mails(sender), 20, "the mail")
    text = mail.get_content()
    assert "Carriage: EUR\u00a01,234.56" in text and "Service fee: EUR\u00a012.50" in text
    assert "To pay: EUR\u00a01,247.06" in text and "Pay by 22 November 2026, 12:00 (UTC)" in text


def test_a_line_without_its_value_is_not_in_the_mail(post, mail_server):
    world = World(post)
    sender, traveller = world.meet()
    world.tell("booking.cancelled", by="system", reason="trip_ended")
    text = until(lambda: mail_server.mails(sender), 20, "the mail")[0].get_content()
    assert "voyage terminé ou parti" in text and "Vous est rendu" not in text
    until(lambda: mail_server.mails(traveller), 20, "the other mail")


@pytest.mark.parametrize("address", [True, None])
def test_a_sender_is_told_whether_the_recipient_is_sent_their_code(post, mail_server, address):
    world = World(post)
    sender, _ = world.meet(language="en")
    world.recipient(email=address)
    world.tell("booking.collected")
    text = until(lambda: mail_server.mails(sender), 20, "the mail")[0].get_content()
    assert ("The recipient is sent their delivery code" in text) == (address is True)
    assert ("nobody was sent their delivery code" in text) == (address is None)


def test_a_delivery_in_dispute_is_told_with_the_day_the_dispute_is_settled(post, mail_server):
    world = World(post, state="disputed")
    sender, _ = world.meet(time_zone="Europe/Paris")
    recipient = world.recipient()
    world.tell("booking.delivery_proved", by="traveller", default_at="2026-12-06T10:00:00Z")
    text = until(lambda: mail_server.mails(sender), 20, "the mail")[0].get_content()
    assert "Le litige reste ouvert" in text and "réglé le 6 décembre 2026 à 11:00 (Europe/Paris)" in text
    text = until(lambda: mail_server.mails(recipient), 20, "the other mail")[0].get_content()
    assert "réglé le 6 décembre 2026" in text


# --- orders of money: to whom they go ---

@pytest.mark.parametrize("to", [SENDER, TRAVELLER])
def test_money_paid_out_is_told_to_whom_the_order_pays(post, mail_server, to):
    world = World(post)
    addresses = dict(zip((SENDER, TRAVELLER), world.meet(), strict=True))
    order = {"n": 2, "kind": "goodwill", "to": to, "amount": 1950, "currency": "XOF", "try": 1, "state": "done",
             "reference": "a"}
    world.change("payment", orders=json.dumps([order | {"n": 1, "to": "staff"}, order]))
    world.tell("payment.paid_out", order=2, to=to, amount=1950, currency="XOF")
    mail, = until(lambda: mail_server.mails(addresses[to]), 20, "the mail")
    assert "1\u00a0950\u00a0XOF" in mail.get_content()
    assert facts.states(post).keys() <= {"sent", "sending"} and len(mail_server.kept) == 1


@pytest.mark.parametrize("to, kind", [(TRAVELLER, "payout"), (SENDER, "goodwill")])
def test_only_an_account_that_was_refused_is_told_as_a_payout_that_failed(post, mail_server, to, kind):
    world = World(post)
    addresses = dict(zip((SENDER, TRAVELLER), world.meet(), strict=True))
    order = {"n": 1, "kind": kind, "to": to, "amount": 1950, "currency": "XOF", "try": 1, "state": "failed",
             "reference": "a"}
    world.change("payment", orders=json.dumps([order]))
    world.tell("payment.payout_failed", order=1, cause="provider")
    world.tell("payment.payout_failed", order=1, cause="bad_account")
    mail, = until(lambda: mail_server.mails(addresses[to]), 20, "the mail")
    assert mail["Subject"] == "Votre versement n'a pas pu se faire" and len(mail_server.kept) == 1
    # It is not made again by itself: whose money it is asks for it.
    assert "24 heures après, redemandez le versement dans l'application" in mail.get_content()
    assert post.value("select count(*) from bus.notification") == 1


def test_money_nobody_knows_is_told_to_nobody(own_post, mail_server):
    world = World(own_post)
    own_post.rows("update state.payment set booking = null, sender = null, traveller = null where id = %s",
                  world.payment)
    world.tell("payment.refunded", amount=100, currency="XOF")
    address = facts.profile(own_post, world.sender)
    facts.registered(own_post, world.sender)
    until(lambda: mail_server.mails(address), 20, "the mail of the next fact")
    assert len(mail_server.kept) == 1 and not own_post.topics.read("dead.notifier", check=False)


def test_a_fact_about_what_is_not_there_goes_to_the_dead_topic(own_post, mail_server):
    world = World(own_post)
    lost = world.tell("booking.paid", subject=str(uuid.uuid4()))
    sender, _ = world.meet()
    world.tell("booking.paid")
    until(lambda: mail_server.mails(sender), 20, "the mail of the next fact")
    letter, = until(lambda: own_post.topics.read("dead.notifier", check=False), 20, "a dead letter", every=0.1)
    assert letter.headers["ce_causationid"] == lost and "not there" in json.loads(letter.value)["reason"]


# --- people ---

@pytest.mark.parametrize("family, data, subject", [
    ("profile.blocked", {"reason": "fraud"}, "Votre compte est bloqué"),
    ("profile.unblocked", {"reason": "appeal"}, "Votre compte est débloqué"),
    ("profile.tier_set", {"tier": 2, "reason": "standing"}, "Votre niveau a changé"),
    ("profile.payout_account_set", {}, "Votre compte de paiement a changé")])
def test_what_befalls_an_account_is_told_to_its_person(post, mail_server, family, data, subject):
    world = World(post)
    sender, _ = world.meet()
    world.tell(family, subject=world.sender, **data)
    mail, = until(lambda: mail_server.mails(sender), 20, "the mail")
    assert mail["Subject"] == subject and "Réservation" not in mail.get_content()


def test_a_new_address_is_told_to_the_old_one(post, mail_server):
    person = str(uuid.uuid4())
    first, second, third = (f"{place}.{person[:13]}@example.org" for place in ("first", "second", "third"))
    facts.profile(post, person, 1, tell=True, email=first)
    facts.profile(post, person, 2, tell=True, email=first, name="Awa Ndiaye-Sow")
    facts.profile(post, person, 4, tell=True, email=second)
    facts.profile(post, person, 5, tell=True, email=third, language="en")
    await_done(post, 3)
    old, = mail_server.mails(first)
    older, = mail_server.mails(second)
    assert old["Subject"] == older["Subject"] == "Votre adresse a changé" and not mail_server.mails(third)
    assert "Si ce n'était pas vous" in old.get_content() and second not in old.get_content()
    assert post.rows("select state, reason from bus.notification order by created_at") == [
        ("dead", "superseded"), ("sent", None), ("sent", None)]


def test_a_payout_account_is_not_taken_for_a_profile(post, mail_server):
    world = World(post)
    sender, _ = world.meet()
    post.rows("insert into private.profile (id, name, n, value) values (%s, 'payout_account', 9, %s)", world.sender,
              json.dumps({"holder": "Awa"}))
    world.tell("booking.paid")
    until(lambda: mail_server.mails(sender), 20, "the mail")


def test_a_party_without_profile_is_told_once_it_appears(post, mail_server):
    world = World(post)
    world.tell("booking.declined", reason="dates")
    until(lambda: facts.states(post).get("dead"), 20, "nobody to tell")
    assert post.value("select reason from bus.notification") == "no_address"
    address = facts.profile(post, world.sender, tell=True)
    mail, = until(lambda: mail_server.mails(address), 20, "the mail")
    assert mail["Subject"] == "Votre demande est refusée"
