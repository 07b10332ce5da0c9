"""Whose turn it is: who waits goes before what is watched, and what is not due is not looked at."""
from harness.until import until

MANY = 200
COPIES = """insert into bus.payment_task (id, kind, step, payment, booking, n, data, asked, opened_at, next_at)
    select gen_random_uuid(), kind, 'watch', payment, booking, n, data, true, opened_at,
        clock_timestamp() + %s::interval
    from bus.payment_task, generate_series(1, %s) where kind = 'attempt'"""


def test_who_wants_to_pay_or_has_paid_does_not_wait_behind_the_pages_that_are_watched(market):
    market.deal().page()
    deal = market.deal()
    market.merchant.fault("verify", "silence", seconds=0.6, count=-1)  # two minutes for all that is watched
    market.bus.rows(COPIES, "-1 hour", MANY)
    market.bus.rows("notify payment_task")
    market.told(lambda: market.requests("verify"), what="the pages are asked about")
    deal.pay_on(deal.page())
    asked = "select max(attempts) from bus.payment_task where kind = 'report'"
    market.told(lambda: market.bus.value(asked), what="asked")
    assert len(market.requests("verify")) < MANY
    market.bus.rows("delete from bus.payment_task where step = 'watch'")
    market.merchant.say("DELETE", "/faults")
    market.hurried(lambda: deal.state()["state"] == "held", what="held")


def test_what_is_not_due_yet_is_not_walked_through(market):
    def looked():
        return market.bus.rows("select sum(idx_scan)::int, sum(idx_tup_read)::int from pg_stat_user_indexes "
                               "where relname = 'payment_task' and indexrelname <> 'payment_task_pkey'")[0]

    market.deal().page()
    market.bus.rows(COPIES, "1 day", MANY)
    market.bus.rows("vacuum analyze bus.payment_task")
    scans, rows = looked()
    until(lambda: looked()[0] >= scans + 50, 60, "looked for what is due", every=0.2)
    assert looked()[1] - rows < MANY
