-- A refund that failed may be done after all: a report of its charge finds those too.
drop index bus.payment_task_refund;
create index payment_task_refund on bus.payment_task ((data::jsonb ->> 'charge'))
    where kind = 'refund' and (step in ('watch', 'dead') or step = 'done' and told = 'failed');
-- Those that failed before this was kept: their reason is the cause.
update bus.payment_task set told = 'failed'
    where kind = 'refund' and step = 'done' and reason in ('bad_account', 'declined', 'provider');
