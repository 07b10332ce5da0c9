-- A refund that was done may fail later: a report of its charge finds every one that is not about to be sent.
drop index bus.payment_task_refund;
create index payment_task_refund on bus.payment_task ((data::jsonb ->> 'charge'))
    where kind = 'refund' and step in ('watch', 'dead', 'done');
-- Where the report does not name the charge as we do, those of its amount that were ordered lately.
create index payment_task_refund_opened on bus.payment_task (opened_at)
    where kind = 'refund' and step in ('watch', 'dead', 'done');
