"""Payments is killed in the middle of its work, again and again: nothing is made twice, nothing is forgotten."""
import collections
import random
import threading

from harness.until import pause

SEED, DEALS = 20261122, 30


def once(records, member):
    """Each reference, or whatever names it, is there once."""
    return [name for name, count in collections.Counter(record[member] for record in records).items() if count > 1]


def killing(market, chance, done):
    """Kills it between one and eight tenths of a second after it came to life, until done."""
    while not done.is_set():
        pause(chance.uniform(0.1, 0.8))
        market.bus.payments.kill()
        market.bus.payments.start()


def test_killed_between_a_claim_and_its_record_it_makes_nothing_twice(market):
    market.merchant.say("PUT", "", {"auto_transfers": "successful", "auto_pay": {"after": 0}, "payout_fee": 5})
    for call in ("refund", "transfer", "create_link"):
        market.merchant.fault(call, "503_before", chance=10, count=-1)
    deals, trip = [], None
    for number in range(DEALS):
        if number % 10 == 0:
            traveller = market.traveller()
            trip = market.trip(traveller, departs=12)
        deals.append(market.deal(traveller=traveller, trip=trip))
    done, chance = threading.Event(), random.Random(SEED)
    killer = threading.Thread(target=killing, args=(market, chance, done))
    killer.start()
    try:
        for deal in deals:
            deal.ask_to_pay()
        pause(15)
    finally:
        done.set()
        killer.join()
    market.bus.payments.await_ready()
    for deal in deals:
        market.hurried(lambda: pay(deal), 60, "held")
    for deal in deals:
        assert deal.cancel() == "accepted"
    done.clear()
    killer = threading.Thread(target=killing, args=(market, chance, done))
    killer.start()
    try:
        pause(15)
    finally:
        done.set()
        killer.join()
    market.bus.payments.await_ready()
    for deal in deals:
        market.hurried(lambda: deal.state()["state"] == "settled", 60, "settled")
        assert {order["state"] for order in deal.state()["orders"]} == {"done"}, f"seed {SEED}"
    assert once(market.merchant.say("GET", "/links"), "tx_ref") == []
    assert once(market.merchant.say("GET", "/transfers"), "reference") == []
    assert once(market.merchant.say("GET", "/refunds"), "comments") == []
    assert len(market.merchant.say("GET", "/transfers")) == len(market.merchant.say("GET", "/refunds")) == DEALS


def pay(deal):
    """Paid by itself; where a page was lost in a crash its sender asks for another."""
    state = deal.state()
    if state["state"] == "due" and state["attempts"][-1]["state"] in ("failed", "expired"):
        deal.ask_to_pay()
    return state["state"] == "held"
