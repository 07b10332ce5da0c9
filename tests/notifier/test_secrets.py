"""What a mail says that stands in no row: codes, links, pages to pay on; each to its owner, while it is good."""
import json
import subprocess
import uuid

import facts
import pytest
from harness import handover, places
from harness.until import until
from world import LATER, World


def await_reason(bus, reason, count=1):
    sql = "select count(*) from bus.notification where state = 'dead' and reason = %s"
    return until(lambda: bus.value(sql, reason) >= count, 20, f"{count} {reason}")


def code_of(world, issue=1):
    return handover.code(handover.key("handover_key"), world.booking, "delivery", issue)


def link_of(world, n=1):
    return handover.link(handover.key("link_key"), uuid.UUID(world.booking), n)


def issue_code(world, issue=1, n=1):
    world.change("booking", delivery_code_issue=issue)
    return world.tell("booking.code_issued", purpose="delivery", issue=issue, by="traveller", recipient_n=n)


def text_to(mail_server, address):
    mail, = until(lambda: mail_server.mails(address), 20, f"a mail to {address}")
    return mail.get_content().replace("\r\n", "\n")


# --- the delivery code ---

def test_the_recipient_gets_exactly_the_code_and_the_link_and_nobody_else_does(post, mail_server):
    world = World(post)
    sender, traveller = world.meet()
    address = world.recipient()
    issue_code(world)
    text = text_to(mail_server, address)
    assert f"Votre code de livraison : {code_of(world)}\n" in text and link_of(world) in text
    assert "Bonjour Moussa Fall," in text and not mail_server.mails(sender) + mail_server.mails(traveller)
    told, = post.rows("select person::text, n::text from bus.notification n")
    assert told[0] == handover.principal(world.booking, 1)
    assert code_of(world) not in told[1] and link_of(world) not in told[1] and address not in told[1]
    log = post.notifier.log.read_text()
    assert code_of(world) not in log and link_of(world) not in log


def test_a_code_that_a_newer_one_replaced_is_never_sent(post, mail_server):
    world = World(post)
    address = world.recipient()
    world.change("booking", delivery_code_issue=3)
    for issue in (1, 2):
        world.tell("booking.code_issued", purpose="delivery", issue=issue, by="sender", recipient_n=1)
    await_reason(post, "superseded", 2)
    assert not mail_server.kept
    issue_code(world, 3)
    text = text_to(mail_server, address)
    assert code_of(world, 3) in text and code_of(world, 1) not in text and code_of(world, 2) not in text


def test_a_code_replaced_while_its_mail_waits_is_not_sent_any_more(post, mail_server):
    world = World(post)
    world.recipient()
    mail_server.stop()
    issue_code(world, 1)
    until(lambda: post.notifier.metric("colis_notifier_provider_up") == 0, 20, "the provider to be known as away")
    world.change("booking", delivery_code_issue=2)
    mail_server.start()
    await_reason(post, "superseded")
    assert not mail_server.kept


def test_a_recipient_without_address_gets_nothing_and_it_is_said(post, mail_server):
    world = World(post)
    world.recipient(email=None)
    issue_code(world)
    await_reason(post, "no_address")
    assert not mail_server.kept


@pytest.mark.parametrize("address", ["a@example.org\r\nBcc: b@example.org", "nobody", "a b@example.org"])
def test_an_address_of_a_recipient_that_says_more_is_never_used(post, mail_server, address):
    world = World(post)
    world.recipient(email=address)
    issue_code(world)
    until(lambda: facts.states(post).get("dead"), 20, "given up")
    assert not mail_server.kept


# --- another recipient ---

def test_a_changed_recipient_takes_the_place_of_the_old_one(post, mail_server):
    world = World(post)
    old = world.recipient(1)
    new = world.recipient(4, name="Fatou Sarr")
    world.tell("parcel.recipient_changed", state="in_transit", recipient_n=4)
    issue_code(world, 2, n=4)
    told = text_to(mail_server, old)
    until(lambda: len(mail_server.mails(new)) == 2, 20, "both mails to the new recipient")
    first, second = sorted((mail.get_content() for mail in mail_server.mails(new)), key=len)
    assert "ne sont plus valables" in told and world.booking not in told and "Fatou" not in told and new not in told
    assert all(link_of(world, 4) in text and link_of(world, 1) not in text for text in (first, second))
    assert code_of(world, 2) in first + second and code_of(world, 1) not in first + second
    assert "Moussa" not in first + second and old not in first + second


def test_the_newest_recipient_may_come_after_many_and_be_the_third(post, mail_server):
    world = World(post)
    for n in (1, 2, 3, 5, 6, 7, 8, 9, 11):
        last = world.recipient(n)
    before = f"recipient9.{world.parcel[:13]}@example.org"
    world.keep_private("parcel", "correct", 10, {"description": "a record without recipient"})
    world.tell("parcel.recipient_changed", state="collected", recipient_n=11)
    assert "ne vous est plus destiné" in str(until(lambda: mail_server.mails(before), 20, "the mail")[0]["Subject"])
    assert link_of(world, 11) in text_to(mail_server, last)


def test_before_the_collection_no_recipient_was_told_and_none_is(post, mail_server):
    world = World(post, state="paid")
    sender, _ = world.meet()
    world.recipient(1)
    world.recipient(3)
    world.tell("parcel.recipient_changed", state="booked", recipient_n=3)
    world.tell("parcel.found")
    text_to(mail_server, sender)
    assert len(mail_server.kept) == 1


def test_what_was_for_a_recipient_who_is_none_any_more_is_not_sent(post, mail_server):
    world = World(post)
    world.recipient(1)
    world.recipient(4)
    issue_code(world, 1, n=1)
    await_reason(post, "superseded")
    assert not mail_server.kept


def test_a_code_that_nobody_needs_any_more_is_not_sent(post, mail_server):
    world = World(post, state="delivered")
    world.recipient()
    issue_code(world)
    await_reason(post, "superseded")
    assert not mail_server.kept


# --- a page to pay on ---

def attempt(n, state, link_n):
    return {"n": n, "reference": "a", "amount": 10920 * n // 2, "state": state, "opened_at": "2026-11-22T10:00:00Z",
            "link_n": link_n}


@pytest.fixture
def paying(post):
    world = World(post, state="accepted")
    world.meet()
    world.change("payment", attempts=json.dumps([attempt(1, "failed", 5), attempt(2, "open", 7)]))
    world.keep_private("payment", "link", 5, {"link": "https://pay.example.org/old"})
    world.keep_private("payment", "link", 7, {"link": "https://pay.example.org/x?y=1&z=2"})
    return world


def ready(world, **changes):
    return world.tell("payment.link_ready", **{"n": 2, "link_n": 7, "expires": LATER} | changes)


def test_the_sender_gets_the_page_which_no_row_of_ours_repeats(post, mail_server, paying):
    ready(paying)
    until(lambda: facts.states(post).get("sent"), 20, "the mail")
    text = text_to(mail_server, f"s.{paying.sender[:13]}@example.org")
    assert "Payer : https://pay.example.org/x?y=1&z=2\n" in text and "À payer : 10\u00a0920\u00a0XOF" in text
    assert "valable jusqu'au 1er janvier 2099 à 12:00 (UTC)" in text
    assert not post.value("select count(*) from bus.notification n where n::text like '%%pay.example.org%%'")
    assert "pay.example.org" not in post.notifier.log.read_text()


@pytest.mark.parametrize("columns, changes", [
    ({"state": "held"}, {}), ({"state": "lapsed"}, {}), ({}, {"expires": "2020-01-01T00:00:00Z"}),
    ({}, {"n": 1, "link_n": 5}), ({}, {"link_n": 6}),
    ({"attempts": json.dumps([attempt(2, "pending", 7)])}, {}), ({"attempts": "[]"}, {})])
def test_a_page_that_is_over_is_shown_to_nobody(post, mail_server, paying, columns, changes):
    paying.change("payment", **columns)
    ready(paying, **changes)
    await_reason(post, "superseded")
    assert not mail_server.kept


# --- the pages of links ---

def test_a_link_is_an_address_where_one_is_set(own_post, mail_server):
    own_post.notifier.stop()
    own_post.notifier.settings["COLIS_WEB_URL"] = "https://colis.example.org/app/"
    own_post.notifier.start().await_ready()
    world = World(own_post)
    address = world.recipient()
    world.tell("booking.collected", weighed_g=2400)
    assert f"https://colis.example.org/app/recipient#{link_of(world)}\n" in text_to(mail_server, address)


@pytest.mark.parametrize("name, value", [
    ("COLIS_WEB_URL", "http://colis.example.org"), ("COLIS_WEB_URL", "nonsense"),
    ("COLIS_WEB_URL", "https://colis.example.org/?a=1"), ("COLIS_WEB_URL", "https://colis.example.org/#a"),
    ("COLIS_HANDOVER_KEY", "short"), ("COLIS_LINK_KEY", "short")])
def test_keys_and_addresses_that_cannot_work_refuse_to_start(post, name, value):
    told = {"PATH": "/usr/bin:/bin"} | post.settings("notifier", 9)
    told.pop(name + "_FILE", None)
    answer = subprocess.run([places.binary("notifier")], env=told | {name: value}, capture_output=True, text=True,
                            timeout=20)
    assert answer.returncode != 0 and name[6:].lower() in answer.stderr
