-- What colis-payments has to do at a provider, one row a thing to do: a page to pay on and its watch, a refund, a
-- payout, a report to look into. Written by its reading half with the reader's position, claimed by its working half.
create table bus.payment_task (
    id          uuid primary key,            -- derived: the same fact is the same task
    kind        text not null check (kind in ('attempt', 'refund', 'payout', 'report')),
    step        text not null check (step in ('create', 'watch', 'claim', 'send', 'verify', 'done', 'dead')),
    payment     uuid,
    booking     uuid,                        -- the key of what we say about it; null: the payment's own id
    n           bigint not null default 0,   -- attempt or order
    try         bigint not null default 0,
    data        text not null,               -- the fact's data
    provider_id text,
    asked       boolean not null default false, -- something was, or may have been, asked of the provider
    told        text,                        -- what we last said of an attempt
    attempts    int not null default 0,
    next_at     timestamptz not null default clock_timestamp(),
    opened_at   timestamptz not null,        -- when its fact was decided
    reason      text
);
create index payment_task_due on bus.payment_task (next_at) where step not in ('done', 'dead');
create index payment_task_payment on bus.payment_task (payment, kind, n);
create index payment_task_dead on bus.payment_task (opened_at) where step = 'dead';
alter table bus.payment_task enable row level security;

do $$
declare
    granted record;
    name text;
    own text;
begin
    for granted in
        select * from (values
            ('colis_payments', 'select, insert, update', '{bus.payment_task, bus.position, bus.cluster}'),
            ('colis_payments', 'select', '{state.booking, state.payment, state.profile, private.payment, private.profile}')
        ) as wanted (role, what, tables)
    loop
        continue when not exists (select from pg_roles where rolname = granted.role);
        execute format('grant usage on schema bus, state, private, auth to %I', granted.role);
        foreach name in array granted.tables::text[] loop
            execute format('grant %s on %s to %I', granted.what, name, granted.role);
            if name in ('bus.position', 'bus.cluster') then
                own := format('reader = %L', replace(granted.role, 'colis_', ''));
            else
                own := 'true';
            end if;
            execute format('drop policy if exists %I on %s', granted.role, name);
            execute format('create policy %I on %s to %I using (%s) with check (%s)', granted.role, name, granted.role, own, own);
        end loop;
    end loop;
end $$;
