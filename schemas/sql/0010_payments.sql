-- How long a payment task has stood at its step, what the projector said of our commands, and refunds by their charge.
alter table bus.payment_task add column since timestamptz not null default clock_timestamp(); -- when its step began
create index payment_task_refund on bus.payment_task ((data::jsonb ->> 'charge'))
    where kind = 'refund' and step in ('watch', 'dead');

do $$
begin
    if exists (select from pg_roles where rolname = 'colis_payments') then
        grant select on bus.verdict to colis_payments;
        -- of no person's command: its own are
        create policy colis_payments on bus.verdict for select to colis_payments using (principal is null);
    end if;
end $$;
