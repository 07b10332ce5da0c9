-- The outbox in two tables. Facts and notices stand many to a row, a page each: what a batch says costs a row and an
-- index entry a page, not one a fact. Commands on their way (timers, fan-outs) stay a row each, by when they are due.
-- bus.outbox shows both as they were, a row each; nobody writes it.
drop index bus.outbox_due;
drop index bus.outbox_fact;
alter table bus.outbox rename to outbox_command;

-- An event's attributes as a line: the values of the headers that vary, in their order, a tab between them; a place is
-- empty where the event has no such header. Made and read by event_line and event_from_line (schemas/event.c).
create function bus.line_of(headers jsonb) returns text language sql immutable parallel safe as $$
    select string_agg(coalesce(headers ->> name, ''), E'\t' order by n)
    from unnest('{ce_id, ce_source, ce_type, ce_subject, ce_time, ce_dataschema, ce_partitionkey, ce_sequence,
                  ce_principal, ce_role, ce_causationid, ce_fingerprint, traceparent}'::text[]) with ordinality w (name, n)
$$;
create function bus.headers(line text[]) returns text language sql immutable parallel safe as $$
    select json_strip_nulls(json_build_object('ce_specversion', '1.0', 'ce_id', nullif(line[1], ''),
        'ce_source', nullif(line[2], ''), 'ce_type', nullif(line[3], ''), 'ce_subject', nullif(line[4], ''),
        'ce_time', nullif(line[5], ''), 'ce_dataschema', nullif(line[6], ''), 'ce_partitionkey', nullif(line[7], ''),
        'ce_sequence', nullif(line[8], ''), 'ce_principal', nullif(line[9], ''), 'ce_role', nullif(line[10], ''),
        'ce_causationid', nullif(line[11], ''), 'ce_fingerprint', nullif(line[12], ''),
        'content-type', 'application/json', 'traceparent', nullif(line[13], '')))::text
$$;

-- messages: a line each, a newline behind every one: topic, the attributes, the data (JSON), a tab between them. A page
-- stays below the size that PostgreSQL would take apart; a message that is larger by itself may not.
-- xid stands before id as it did in bus.outbox (0001): the relay's floor counts on it.
create table bus.outbox_page (
    xid      xid8 not null default pg_current_xact_id(),
    id       bigint generated always as identity primary key,
    shard    smallint not null default 0,
    messages text not null check (messages <> '')
) with (toast_tuple_target = 8160);
alter table bus.outbox_page alter column messages set storage external;

insert into bus.outbox_page (messages)
    select format(E'%s\t%s\t%s\n', topic, bus.line_of(headers::jsonb), value)
    from bus.outbox_command where topic <> 'commands' order by id;
delete from bus.outbox_command where topic <> 'commands';

-- headers: the line of attributes
update bus.outbox_command set headers = bus.line_of(headers::jsonb), due = coalesce(due, '-infinity');
alter table bus.outbox_command
    alter column topic set default 'commands',
    alter column version set default 0,
    alter column due set default '-infinity',      -- at once
    alter column due set not null,
    drop constraint outbox_pkey,
    add primary key (shard, due, id),
    add check (topic = 'commands');

-- The messages of a page, numbered from 1.
create function bus.unpacked(messages text)
    returns table (n bigint, topic text, line text[], event uuid, value text)
    language sql immutable parallel safe as $$
    select n, cells[1], cells[2:14], cells[2]::uuid, cells[15]
    from unnest(string_to_array(rtrim(messages, E'\n'), E'\n')) with ordinality m (message, n),
         string_to_array(m.message, E'\t') cells
$$;

create view bus.outbox as
    select p.id * 1000 + m.n as id, p.shard, m.topic, m.line[7] as key, m.line[4] as aggregate,
           coalesce(nullif(m.line[8], '')::bigint, 0) as version, m.event, bus.headers(m.line) as headers, m.value,
           null::timestamptz as due
    from bus.outbox_page p, bus.unpacked(p.messages) m
    union all
    select id, shard, topic, key, aggregate, version, event, bus.headers(string_to_array(headers, E'\t')), value,
           nullif(due, '-infinity')
    from bus.outbox_command;

-- Which of these events wait in pages. What was published and not settled is of the lowest pages, but for what was
-- committed late: all pages, which may be a long backlog, are gone through only where those lack some.
create function bus.outbox_holds(events uuid[]) returns table (page bigint, event uuid)
    language plpgsql stable set search_path = bus, pg_temp as $$
declare
    low bigint;
    pages bigint[];
    held uuid[];
begin
    foreach low in array '{1000, null}'::bigint[] loop
        select array_agg(p.id), array_agg(m.event) into pages, held
        from (select w.id, w.messages from bus.outbox_page w order by w.id limit low) p, bus.unpacked(p.messages) m
            join (select unnest(events) as id) asked on asked.id = m.event;
        exit when cardinality(held) >= cardinality(events);
    end loop;
    return query select unnest(pages), unnest(held);
end $$;

-- These stand on their topics: takes them out, and gives those that were there. A page may be left with the others.
create function bus.outbox_found(events uuid[]) returns setof uuid language plpgsql set search_path = bus, pg_temp as $$
declare
    pages bigint[];
    held uuid[];
begin
    select array_agg(distinct h.page), array_agg(h.event) into pages, held from bus.outbox_holds(events) h;
    with rest as materialized (
        select p.id, string_agg(format(E'%s\t%s\t%s\n', m.topic, array_to_string(m.line, E'\t'), m.value), ''
                                order by m.n) filter (where gone.id is null) as messages
        from bus.outbox_page p, bus.unpacked(p.messages) m
            left join (select unnest(held) as id) gone on gone.id = m.event
        where p.id = any(pages) group by p.id
    ), emptied as (
        delete from bus.outbox_page p using rest where p.id = rest.id and rest.messages is null
    )
    update bus.outbox_page p set messages = rest.messages from rest where p.id = rest.id and rest.messages is not null;
    return query select unnest(held);
end $$;
revoke execute on function bus.outbox_found(uuid[]) from public;

-- As in 0015, by the pages.
create or replace function bus.never_had(topics text[], partitions int[], offsets bigint[], events uuid[]) returns bigint
    language sql stable security definer set search_path = bus, pg_temp as $$
    select w.n from unnest(topics, partitions, offsets, events) with ordinality w (topic, partition, "offset", event, n)
    where not exists (select from bus.relay_position p
                      where p.topic = w.topic and p.partition = w.partition and p.next > w."offset")
      and w.event not in (select h.event from bus.outbox_holds(never_had.events) h)
    order by w.n limit 1
$$;

alter table bus.outbox_page enable row level security;

do $$
declare
    granted record;
begin
    for granted in
        select * from (values
            ('colis_projector', 'select, insert, update, delete'),
            ('colis_relay', 'select, update, delete')
        ) as wanted (role, what)
    loop
        continue when not exists (select from pg_roles where rolname = granted.role);
        execute format('grant %s on bus.outbox_page to %I', granted.what, granted.role);
        execute format('create policy %I on bus.outbox_page to %1$I using (true) with check (true)', granted.role);
        execute format('grant select on bus.outbox to %I', granted.role);
        execute format('grant execute on function bus.outbox_found(uuid[]) to %I', granted.role);
    end loop;
end $$;
