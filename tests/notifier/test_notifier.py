"""From facts to mails: told once, in the person's language, through every answer a mail server can give."""
import email
import json
import random
import signal
import uuid
from email.header import decode_header, make_header

import facts
import pytest
from harness.until import until


@pytest.fixture
def person():
    return str(uuid.uuid4())


def await_mails(server, address, count=1):
    return until(lambda: len(server.mails(address)) >= count and server.mails(address), 60, f"mails to {address}")


def await_state(bus, state, count=1):
    return until(lambda: facts.states(bus).get(state, 0) >= count, 60, f"{count} notifications {state}")


def reason(bus):
    return bus.value("select reason from bus.notification")


def tries(bus):
    return bus.notifier.metric("colis_notifier_notifications_total")


# --- what is said ---

def test_a_registered_parcel_is_told_to_its_sender_in_french(post, mail_server, person):
    address = facts.profile(post, person, name="Awa N'Diaye-Éloïse")
    parcel, fact = facts.registered(post, person)
    mail, = await_mails(mail_server, address)
    assert mail["Subject"] == "Votre colis Paris – Dakar est enregistré"
    assert mail["To"].addresses[0].display_name == "Awa N'Diaye-Éloïse"
    assert mail["From"].addresses[0].addr_spec == "colis@example.org" and mail["Date"].datetime.year >= 2026
    text = mail.get_content()
    assert "Bonjour Awa N'Diaye-Éloïse," in text and parcel in text and "2,5 kg" in text and "vêtements" in text
    await_state(post, "sent")
    told, = post.rows("select id::text, fact::text, person::text, purpose, subject, attempts, repeat "
                      "from bus.notification")
    assert told[1:] == (fact, person, "parcel.registered", f"parcel/{parcel}", 1, False)
    assert mail["Message-ID"] == f"<{told[0]}@example.org>" and mail["X-Colis-Notification"] == told[0]
    assert mail["X-Colis-Repeat"] is None


def test_a_cancelled_parcel_is_told_in_english_with_its_reason(post, mail_server, person):
    address = facts.profile(post, person, language="en")
    parcel, _ = facts.registered(post, person)
    facts.cancelled(post, person, parcel, reason="no_traveller")
    facts.cancelled(post, person, str(uuid.uuid4()))
    texts = [mail.get_content() for mail in await_mails(mail_server, address, 3)]
    assert len([text for text in texts if "Reason: no traveller was found" in text]) == 1
    assert len([text for text in texts if "is cancelled" in text and "Reason" not in text]) == 1


def test_the_newest_profile_counts(post, mail_server, person):
    facts.profile(post, person, 1, email="old@example.org")
    address = facts.profile(post, person, 2)
    facts.registered(post, person)
    await_mails(mail_server, address)
    assert not mail_server.mails("old@example.org")


@pytest.mark.parametrize("city", ["x" * 80, "é" * 80, "東京都千代田区" * 11, "= _?=?UTF-8?Q?x?=", "a b  c ", "'\"<>,;:@"])
def test_any_city_comes_through_whole_in_short_lines(post, mail_server, person, city):
    address = facts.profile(post, person, name=city)
    facts.registered(post, person, origin={"country": "FR", "city": city})
    mail, = await_mails(mail_server, address)
    assert str(mail["Subject"]) == f"Votre colis {city} – Dakar est enregistré"
    raw, = mail_server.raw(address)
    # The words as RFC 2047 joins them; the newer policy of Python's parser puts spaces between those of a name.
    name, _, spec = email.message_from_bytes(raw)["To"].rpartition("<")
    assert str(make_header(decode_header(name.strip()))) == city and spec == f"{address}>"
    assert f"Trajet : {city} (FR)" in mail.get_content()
    assert max(len(line) for line in raw.split(b"\r\n")) <= 76 and all(byte < 127 for byte in raw)


def test_lines_that_begin_with_a_dot_survive(post, mail_server, person):
    address = facts.profile(post, person, name="..")
    facts.registered(post, person, origin={"country": "FR", "city": "."})
    mail, = await_mails(mail_server, address)
    assert "Bonjour ..," in mail.get_content() and ". (FR)" in mail.get_content()


@pytest.mark.parametrize("address", ["a@example.org\r\nBcc: b@example.org", "a>@example.org", "nobody",
                                     "a b@example.org"])
def test_an_address_that_could_say_more_than_an_address_is_never_used(post, mail_server, person, address):
    facts.profile(post, person, email=address)
    facts.registered(post, person)
    await_state(post, "dead")
    assert not mail_server.kept


# --- once ---

def test_the_same_fact_read_again_is_told_once(own_post, mail_server, person):
    address = facts.profile(own_post, person)
    facts.registered(own_post, person)
    await_state(own_post, "sent")
    own_post.notifier.stop()
    own_post.rows("update bus.position set next = -1 where reader = 'notifier'")
    own_post.notifier.start().await_ready()
    facts.registered(own_post, person)
    await_mails(mail_server, address, 2)
    await_state(own_post, "sent", 2)
    assert len(mail_server.mails(address)) == 2


def test_two_notifiers_share_the_work_without_doubling(own_post, mail_server):
    own_post.add("notifier", 2).await_ready()
    people = [str(uuid.uuid4()) for _ in range(60)]
    addresses = [facts.profile(own_post, one) for one in people]
    facts.registered_all(own_post, people)
    await_state(own_post, "sent", len(people))
    assert all(len(mail_server.mails(address)) == 1 for address in addresses)


# --- nobody to tell, nothing to say ---

def test_a_person_without_profile_is_told_once_it_appears(post, mail_server, person):
    facts.registered(post, person)
    await_state(post, "dead")
    assert reason(post) == "no_address"
    address = facts.profile(post, person, tell=True)
    await_mails(mail_server, address)
    await_state(post, "sent")


def test_who_mends_their_address_is_told_what_the_wrong_one_refused(post, mail_server, person):
    wrong = facts.profile(post, person, email=f"wrong.{person[:13]}@example.org")
    mail_server.unwanted = {wrong: "550 no such user"}
    facts.registered(post, person)
    await_state(post, "dead")
    assert reason(post) == "RCPT answered 550"
    address = facts.profile(post, person, 2, tell=True)
    mail, = await_mails(mail_server, address)
    assert "Paris – Dakar" in str(mail["Subject"])


def test_types_nobody_is_told_about_are_passed_over(own_post, mail_server, person):
    address = facts.profile(own_post, person)
    facts.publish(own_post, "parcel", "parcel.weighed.v1", f"parcel/{uuid.uuid4()}", {"a": 1})
    facts.registered(own_post, person)
    await_mails(mail_server, address)
    assert not own_post.topics.read("dead.notifier", check=False)


@pytest.mark.parametrize("data", [b"{", b'{"state":"registered"}', b"\xff"])
def test_a_fact_that_cannot_be_read_goes_to_the_dead_topic_first(own_post, mail_server, person, data):
    address = facts.profile(own_post, person)
    fact = facts.publish(own_post, "parcel", "parcel.registered.v1", f"parcel/{uuid.uuid4()}", data)
    letter, = until(lambda: own_post.topics.read("dead.notifier", check=False), 20, "a dead letter", every=0.1)
    assert letter.headers["ce_causationid"] == fact and "reason" in json.loads(letter.value)
    facts.registered(own_post, person)
    await_mails(mail_server, address)
    own_post.notifier.await_ready()


def test_a_version_newer_than_the_program_stops_it_and_it_says_so(own_post, person):
    facts.publish(own_post, "parcel", "parcel.registered.v9", f"parcel/{uuid.uuid4()}", {"a": 1})
    until(lambda: not own_post.notifier.ready(), 20, "not ready")
    assert any("newer than this program" in str(line.get("err")) for line in own_post.notifier.log_lines())
    assert not own_post.topics.read("dead.notifier", check=False)


# --- what a mail server answers ---

@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_not_now_is_tried_again(post, mail_server, person, verb):
    address = facts.profile(post, person)
    mail_server.script = [(verb, "451 try later")] * 3
    facts.registered(post, person)
    mail, = await_mails(mail_server, address)
    await_state(post, "sent")
    assert post.value("select attempts from bus.notification") == 4 and mail["X-Colis-Repeat"] is None


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_never_is_not_tried_again(post, mail_server, person, verb):
    facts.profile(post, person)
    mail_server.script = [(verb, "550 no such user")]
    facts.registered(post, person)
    await_state(post, "dead")
    assert reason(post) == f"{verb} answered 550" and not mail_server.kept


def test_a_server_that_refuses_us_costs_no_notification_a_try(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.script = [("MAIL", "550 we do not know you")] * 3
    facts.registered(post, person)
    await_mails(mail_server, address)
    await_state(post, "sent")
    assert post.value("select attempts from bus.notification") == 1


@pytest.mark.parametrize("verb", ["RCPT", "DATA"])
def test_a_server_that_refuses_everybody_costs_no_notification_a_try(post, mail_server, verb):
    people = [str(uuid.uuid4()) for _ in range(8)]
    addresses = [facts.profile(post, one) for one in people]
    mail_server.script = [(verb, "550 we do not know you")] * 7
    facts.registered_all(post, people)
    await_state(post, "sent", len(people))
    assert all(len(mail_server.mails(address)) == 1 for address in addresses)
    assert post.rows("select distinct state, attempts from bus.notification") == [("sent", 1)]


def test_a_server_that_is_away_is_waited_for(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.stop()
    facts.registered(post, person)
    until(lambda: post.notifier.metric("colis_notifier_provider_up") == 0, 20, "the provider to be known as away")
    assert post.notifier.ready()
    mail_server.start()
    mail, = await_mails(mail_server, address)
    await_state(post, "sent")
    assert post.value("select attempts from bus.notification") == 1 and mail["X-Colis-Repeat"] is None


def test_rows_nobody_is_told_do_not_wait_for_a_provider_that_was_away(post, mail_server, person):
    address = facts.profile(post, person)
    before = tries(post)
    mail_server.stop()
    facts.registered(post, person)
    until(lambda: tries(post) >= before + 5, 30, "a pause of seconds")
    nobody = [str(uuid.uuid4()) for _ in range(60)]
    facts.registered_all(post, nobody)
    await_state(post, "dead", len(nobody))
    mail_server.start()
    await_mails(mail_server, address)


def test_no_answer_after_the_message_is_a_flagged_repeat(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.script = [("DATA", "keep and hang up")]
    facts.registered(post, person)
    first, second = await_mails(mail_server, address, 2)
    assert first["X-Colis-Repeat"] is None and second["X-Colis-Repeat"] == "possible"
    assert first["Message-ID"] == second["Message-ID"]
    await_state(post, "sent")


def test_a_server_that_never_says_so_is_not_sent_the_same_for_ever(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.script = [("DATA", "keep and hang up")] * 20
    facts.registered(post, person)
    await_state(post, "dead")
    first, *more = mail_server.mails(address)
    assert len(more) == 4 and all(mail["X-Colis-Repeat"] == "possible" for mail in more)


def test_a_kill_between_sending_and_recording_is_a_flagged_repeat(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.script = [("DATA", "hold")]
    facts.registered(post, person)
    until(mail_server.held.is_set, 20, "the mail to be taken")
    post.notifier.kill()
    mail_server.released.set()
    post.notifier.start().await_ready()
    first, second = await_mails(mail_server, address, 2)
    assert second["X-Colis-Repeat"] == "possible" and first["Message-ID"] == second["Message-ID"]
    await_state(post, "sent")


def test_a_record_that_comes_twice_takes_no_other_claim(post, mail_server, person):
    """What another notifier claimed meanwhile, as the same try: one that counted for nothing was taken back."""
    address = facts.profile(post, person)
    mail_server.script = [("DATA", "hold")]
    facts.registered(post, person)
    until(mail_server.held.is_set, 20, "the mail to be taken")
    post.rows("update bus.notification set claimed_at = clock_timestamp(), "
              "next_at = clock_timestamp() + interval '1 hour'")
    mail_server.released.set()
    other = str(uuid.uuid4())
    told = facts.profile(post, other)
    facts.registered(post, other)
    await_mails(mail_server, told)
    assert post.value("select state from bus.notification where person = %s", person) == "sending"
    post.rows("update bus.notification set next_at = clock_timestamp() where person = %s", person)
    _, second = await_mails(mail_server, address, 2)
    assert second["X-Colis-Repeat"] == "possible"


def impatient(bus):
    """Its notifier gives up after three tries that follow at once."""
    bus.notifier.stop()
    bus.notifier.settings |= {"COLIS_NOTIFIER_ATTEMPTS": "3", "COLIS_NOTIFIER_RETRY_MS": "5"}
    bus.notifier.start().await_ready()
    return bus


def test_after_enough_tries_it_is_dead(own_post, mail_server, person):
    impatient(own_post)
    facts.profile(own_post, person)
    mail_server.script = [("RCPT", "451 try later")] * 3
    facts.registered(own_post, person)
    await_state(own_post, "dead")
    assert own_post.value("select attempts from bus.notification") == 3 and reason(own_post) == "RCPT answered 451"


def test_a_server_that_hangs_up_on_one_recipient_gives_it_up_and_serves_the_others(own_post, mail_server, person):
    impatient(own_post)
    other = str(uuid.uuid4())
    unwanted, wanted = facts.profile(own_post, person), facts.profile(own_post, other)
    mail_server.unwanted = {unwanted: "hang up"}
    facts.registered(own_post, person)
    facts.registered(own_post, other)
    await_mails(mail_server, wanted)
    await_state(own_post, "sent")
    await_state(own_post, "dead")
    (attempts, why), = own_post.rows("select attempts, reason from bus.notification where state = 'dead'")
    assert attempts == 3 and why.startswith("RCPT: ")
    until(lambda: own_post.notifier.metric("colis_notifier_provider_up") == 1, 20, "the provider known as there")
    assert not mail_server.mails(unwanted)


def test_kills_under_load_leave_nobody_untold(post, mail_server):
    chance = random.Random(7)
    people = [str(uuid.uuid4()) for _ in range(120)]
    addresses = [facts.profile(post, one) for one in people]
    for start in range(0, 120, 40):
        facts.registered_all(post, people[start:start + 40])
        some = start + chance.randint(1, 30)
        until(lambda: facts.states(post).get("sent", 0) >= some, 30, f"{some} mails")
        post.notifier.kill()
        post.notifier.start()
    await_state(post, "sent", len(people))
    for address in addresses:
        first, *more = mail_server.mails(address)
        assert all(mail["X-Colis-Repeat"] == "possible" for mail in more)


# --- how it lives ---

def test_nothing_private_is_logged(post, mail_server, person):
    address = facts.profile(post, person)
    mail_server.script = [("RCPT", f"550 {address} is unknown")]
    facts.registered(post, person)
    await_state(post, "dead")
    facts.registered(post, person)
    await_mails(mail_server, address)
    text = post.notifier.log.read_text()
    assert address not in text and "Ndiaye" not in text
    assert not post.value("select count(*) from bus.notification where reason like %s", f"%{address}%")


def test_it_ends_in_an_orderly_way_while_the_mail_server_hangs(post, mail_server, person):
    facts.profile(post, person)
    mail_server.script = [("DATA", "hold")]
    facts.registered(post, person)
    until(mail_server.held.is_set, 20, "the mail to be taken")
    post.notifier.signal(signal.SIGTERM)
    mail_server.released.set()
    assert post.notifier.process.wait(15) == 0


@pytest.mark.parametrize("settings, word", [({"COLIS_SMTP_URL": "http://127.0.0.1:25"}, "smtp_url"),
                                            ({"COLIS_SMTP_URL": "smtp://user:secret@127.0.0.1:25"}, "smtp_url"),
                                            ({"COLIS_MAIL_FROM": "a@example.org>"}, "mail_from"),
                                            ({"COLIS_SMTP_USER": "somebody"}, "smtp_password"),
                                            ({"COLIS_NOTIFIER_CLAIM_MS": "5000"}, "smtp_timeout_ms")])
def test_settings_that_cannot_work_refuse_to_start(post, settings, word):
    import subprocess

    from harness import places
    told = {"PATH": "/usr/bin:/bin"} | post.settings("notifier", 9) | settings
    answer = subprocess.run([places.binary("notifier")], env=told, capture_output=True, text=True, timeout=20)
    assert answer.returncode != 0 and word in answer.stderr and "secret@" not in answer.stderr
