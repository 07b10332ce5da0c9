-- PostgreSQL restored from a backup is behind its topics. In health every record the relay has published stands below
-- relay_position or is still in the outbox: rows and positions move together. What was published and is neither tells
-- that this database lost time; then nobody decides, publishes, pays or mails before projector --recover.

-- The first of these records that this database never had: its number, from 1; null: it had them all. One statement:
-- a relay that settles meanwhile is seen before or after, never between.
create function bus.never_had(topics text[], partitions int[], offsets bigint[], events uuid[]) returns bigint
    language sql stable security definer set search_path = bus, pg_temp as $$
    select w.n from unnest(topics, partitions, offsets, events) with ordinality w (topic, partition, "offset", event, n)
    where not exists (select from bus.relay_position p
                      where p.topic = w.topic and p.partition = w.partition and p.next > w."offset")
      and not exists (select from bus.outbox o where o.event = w.event and o.topic <> 'commands')
    order by w.n limit 1
$$;
create function bus.relayed() returns table (topic text, partition int, next bigint)
    language sql stable security definer set search_path = bus, pg_temp as
    'select topic, partition, next from bus.relay_position';
revoke execute on function bus.never_had(text[], int[], bigint[], uuid[]), bus.relayed() from public;

-- Facts below until were published before time was lost: whoever acts on facts may have acted on them already, and no
-- row tells. A mail about one is flagged as a repeat, a provider is asked before it is asked for anything.
create table bus.lost (
    topic     text not null,
    partition int  not null,
    until     bigint not null,
    at        timestamptz not null default clock_timestamp(),
    primary key (topic, partition)
);

-- The records of the lost time while they are taken in again: scratch, made anew by each recovery.
create unlogged table bus.recovery (
    event     uuid primary key,
    causation uuid,
    topic     text not null,
    partition int not null,
    "offset"  bigint not null,
    kind      text not null,             -- of its aggregate
    subject   uuid,
    version   bigint not null,
    key       text not null,
    headers   text not null,
    value     text not null,
    had       boolean not null default false,   -- the outbox has it, or it was taken in again
    command_partition int,               -- where its command stands, where that is still to be read
    command_offset    bigint
);
create index recovery_causation on bus.recovery (causation);
create index recovery_left on bus.recovery (subject, version) where not had;

alter table bus.lost     enable row level security;
alter table bus.recovery enable row level security;

do $$
declare
    granted record;
    name text;
begin
    for granted in
        select * from (values
            ('colis_projector', 'select, insert, update, delete', '{bus.lost, bus.recovery}'),
            ('colis_projector', 'select, insert, update', '{bus.relay_position}'),
            ('colis_notifier',  'select', '{bus.lost}'),
            ('colis_payments',  'select', '{bus.lost}')
        ) as wanted (role, what, tables)
    loop
        continue when not exists (select from pg_roles where rolname = granted.role);
        foreach name in array granted.tables::text[] loop
            execute format('grant %s on %s to %I', granted.what, name, granted.role);
            execute format('drop policy if exists %I on %s', granted.role, name);
            execute format('create policy %I on %s to %I using (true) with check (true)', granted.role, name, granted.role);
        end loop;
    end loop;
    for granted in select rolname as role from pg_roles where rolname in ('colis_projector', 'colis_notifier', 'colis_payments') loop
        execute format('grant execute on function bus.never_had(text[], int[], bigint[], uuid[]), bus.relayed() to %I', granted.role);
    end loop;
end $$;

-- What waited when the backup was made may have been done since: a mail, a call to the provider.
create function bus.doubt() returns void language sql security definer set search_path = bus, pg_temp as $$
    update bus.notification set repeat = true where state in ('queued', 'sending') and not repeat;
    update bus.payment_task set asked = true where step not in ('done', 'dead') and not asked;
$$;
revoke execute on function bus.doubt() from public;
do $$
begin
    if exists (select from pg_roles where rolname = 'colis_projector') then
        grant execute on function bus.doubt() to colis_projector;
    end if;
end $$;
