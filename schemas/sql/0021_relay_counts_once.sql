-- As in 0017, but each event asked for once: a fact that stands on its topic twice is found once, so that the relay sees
-- that it found fewer than it asked for.
create or replace function bus.outbox_holds(events uuid[]) returns table (page bigint, event uuid)
    language plpgsql stable set search_path = bus, pg_temp as $$
declare
    low bigint;
    pages bigint[];
    held uuid[];
begin
    foreach low in array '{1000, null}'::bigint[] loop
        select array_agg(p.id), array_agg(m.event) into pages, held
        from (select w.id, w.messages from bus.outbox_page w order by w.id limit low) p, bus.unpacked(p.messages) m
            join (select distinct unnest(events) as id) asked on asked.id = m.event;
        exit when cardinality(held) >= cardinality(events);
    end loop;
    return query select unnest(pages), unnest(held);
end $$;

-- A backlog of timers never comes to an end, and its index is read from what is due first: what was deleted there goes
-- once there is this much of it, not once it is a fifth of all that waits.
alter table bus.outbox_command set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
