"""The judge of money: every journal and every currency sums to nothing, and the provider's book says what ours says.

unbalanced     a journal, a currency or a payment's balances do not add up   counted as lost
unequal        the provider's book and ours differ                           counted as lost
duplicate      charged, refunded or paid out twice                           counted as doubled
lost-write     money that moved at the provider, or a fact, with no journal  counted as lost
"""
import collections

ACCOUNTS = ("provider", "sender", "escrow", "traveller", "transit", "fees", "costs", "chargeback", "loss", "set_aside")
LINES = "select journal::text, payment::text, account, currency, amount from bus.ledger order by journal, line"
PAYMENTS = "select id::text, balances, orders from state.payment"
DONE = {"refund": "payment.refunded", "payout": "payment.paid_out"}


def money_check(find, facts, lines, payments, book):
    """find(kind, text); facts of the payment topic; rows of LINES and PAYMENTS; GET /book of the double's account."""
    journals_check(find, facts, lines)
    balances_check(find, lines, payments)
    book_check(find, lines, book)
    charges_check(find, facts, book)
    orders_check(find, facts, payments, book)


def journals_check(find, facts, lines):
    sums, entries = collections.Counter(), collections.defaultdict(list)
    for journal, _, account, currency, amount in lines:
        sums[currency] += amount
        entries[journal].append((account, currency, amount))
    for currency, amount in sums.items():
        if amount:
            find("unbalanced", f"{currency} sums to {amount}")
    told = {fact.id: _entries(fact) for fact in facts if fact.data.get("entries")}
    for journal, found in entries.items():
        by_currency = collections.Counter()
        for _, currency, amount in found:
            by_currency[currency] += amount
        if any(by_currency.values()):
            find("unbalanced", f"journal {journal} sums to {dict(by_currency)}")
        if journal not in told:
            find("aborted-read", f"journal {journal} has no fact")
        elif sorted(found) != told[journal]:
            find("unbalanced", f"journal {journal} is {found}, its fact says {told[journal]}")
    for fact in told.keys() - entries.keys():
        find("lost-write", f"fact {fact} moved money and has no journal")


def _entries(fact):
    return sorted((entry["account"], entry["currency"], entry["amount"]) for entry in fact.data["entries"])


def balances_check(find, lines, payments):
    """What a payment's state says it holds is the sum of its journals."""
    sums = collections.Counter()
    for _, payment, account, currency, amount in lines:
        sums[payment, currency, account] += amount
    said = {(payment, balance["currency"], account): balance[account]
            for payment, balances, _ in payments for balance in balances for account in ACCOUNTS}
    for place in sums.keys() | said.keys():
        if sums[place] != said.get(place, 0):
            find("unbalanced", f"{place}: its journals sum to {sums[place]}, its state says {said.get(place)}")


def book_check(find, lines, book):
    ours = collections.Counter()
    for _, _, account, currency, amount in lines:
        ours[currency] += amount if account == "provider" else 0
    theirs = {currency: page["balance_minor"] for currency, page in book.items()}
    for currency in ours.keys() | theirs.keys():
        if ours[currency] != theirs.get(currency, 0):
            find("unequal", f"{currency}: the provider holds {theirs.get(currency, 0)}, our ledger {ours[currency]}")


def charges_check(find, facts, book):
    """Every charge that succeeded was received, once."""
    charges = [charge for page in book.values() for charge in page["charges"]]
    theirs = {str(charge["id"]) for charge in charges if charge["status"] == "successful"}
    ours = collections.Counter(fact.data["charge"] for fact in facts
                               if fact.type.startswith(("payment.received.", "payment.unmatched.")))
    _compare(find, "charge", theirs, ours)


def orders_check(find, facts, payments, book):
    """Every order that was done there is done here, once; and no order was done there twice, by whatever try."""
    of_order = {(f"payment/{payment}", order["n"]): order["reference"]
                for payment, _, orders in payments for order in orders}
    there = {"refund": [refund["comments"] for page in book.values() for refund in page["refunds"]
                        if refund["status"] == "completed"],
             "payout": [transfer["reference"] for page in book.values() for transfer in page["transfers"]
                        if transfer["status"] == "SUCCESSFUL"]}
    for kind, family in DONE.items():
        ours = collections.Counter(_order(of_order.get((fact.subject, fact.data["order"]), fact.subject))
                                   for fact in facts if fact.type.startswith(family + "."))
        theirs = collections.Counter(_order(reference) for reference in there[kind])
        for order, count in theirs.items():
            if count > 1:
                find("duplicate", f"{kind} {order} was done {count} times at the provider")
        _compare(find, kind, set(theirs), ours)


def _order(reference):
    """cb-BOOKING-r1-3 without its try: cb-BOOKING-r1."""
    head, _, last = reference.rpartition("-")
    return head if last.isdigit() else reference


def _compare(find, what, theirs, ours):
    for one in theirs - ours.keys():
        find("lost-write", f"{what} {one} was done at the provider and is not in our books")
    for one, count in ours.items():
        if one not in theirs:
            find("aborted-read", f"{what} {one} is in our books and was not done at the provider")
        if count > 1:
            find("duplicate", f"{what} {one} is {count} times in our books")
