"""A booking by the real programs whose people know no more than what their mails say."""
import re

import pytest
from conftest import LOGS
from harness.bus import MARKET, Bus
from harness.journey import Journey, outcome
from harness.until import until
from mailserver import MailServer


@pytest.fixture
def market():
    with MailServer() as server:
        bus = Bus(LOGS / "by_mail", (*MARKET, "notifier"), settings={"notifier": {"COLIS_SMTP_URL": server.url}})
        with bus:
            yield bus, server


class ByMail(Journey):
    """A journey to a recipient with an address, who acts on what the mails hold."""

    def __init__(self, bus, server):
        super().__init__(bus)
        self.server = server

    def be_registered(self):
        self.address = self.bus.person().mail_address
        recipient = {"name": "Fatou Sarr", "phone": "+221770000001", "email": self.address}
        self.parcel = self.sender.registered(weight_g=self.grams, recipient=recipient,
                                             value={"amount": self.worth, "currency": "XOF"})

    def mail(self, address, subject):
        """The text of the one mail so called."""
        def look():
            return [mail.get_content() for mail in self.server.mails(address) if str(mail["Subject"]) == subject]
        text, = until(look, 20, f"{subject!r} to {address}")
        return text

    def page(self):
        return re.search(r"Payer : (\S+)", self.mail(self.sender.mail_address, "Votre page de paiement est prête"))[1]

    def code(self, purpose):
        if purpose != "delivery":
            return super().code(purpose)
        return re.search(r"code de livraison : (\d{6})\b", self.mail(self.address, "Votre code de livraison"))[1]


def test_a_booking_is_paid_delivered_and_told_by_what_the_mails_hold(market):
    bus, server = market
    journey = ByMail(bus, server).to("collected")
    link = re.search(r"personne : (\S+)", journey.mail(journey.address, "Un colis est en route pour vous"))[1]
    recipient = bus.person()
    recipient.bear(link)
    assert outcome(recipient, f"/v1/bookings/{journey.booking}/reissue-code", {"purpose": "delivery"}) == "too_soon"
    journey.to("completed")
    sender, traveller = journey.sender.mail_address, journey.traveller.mail_address
    assert "10\u00a0920\u00a0XOF" in journey.mail(sender, "Votre demande est acceptée : payez pour réserver")
    assert "9\u00a0750\u00a0XOF" in journey.mail(traveller, "On vous demande de porter un colis")
    for address, subject in ((sender, "Votre réservation est payée"), (sender, "Votre colis est chez le voyageur"),
                             (sender, "Votre colis est livré"), (sender, "Votre envoi est terminé"),
                             (sender, "Comment s'est passé l'envoi ?"), (journey.address, "Votre colis vous est remis"),
                             (traveller, "Une réservation de votre voyage est payée"),
                             (traveller, "Votre transport est terminé"), (traveller, "Votre niveau a changé")):
        journey.mail(address, subject)
    assert not bus.topics.read("dead.notifier", check=False)
