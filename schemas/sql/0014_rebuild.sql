-- What colis-projector --rebuild needs: tables beside the live ones, made anew at each start as the live ones are then;
-- where facts are published up to; a look for what differs; and the one way in which rows of state and ledger are
-- replaced by what the facts say. Nothing here is private: facts are not.

-- As the owner: the projector's role makes no tables. Unlogged: what a crash takes is folded again.
create function bus.rebuild_start() returns void language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$
declare
    name text;
begin
    drop schema if exists rebuild cascade;
    create schema rebuild;
    for name in select tablename from pg_tables where schemaname = 'state' loop
        execute format('create unlogged table rebuild.%I (like state.%1$I, primary key (id)) with (fillfactor = 70)', name);
    end loop;
    create unlogged table rebuild.ledger (like bus.ledger, primary key (journal, line));
    create unlogged table rebuild.timer (topic text not null, key text not null, aggregate text not null,
        version bigint not null, event uuid primary key, headers text not null, value text not null,
        due timestamptz not null);
    -- the id: of an aggregate, a journal, a timer. why: missing, in no fact, or the columns that are other
    create unlogged table rebuild.difference (kind text, id uuid, why text not null, primary key (kind, id));
    -- aggregates whose facts contradict themselves: nothing is said of them, nothing of theirs is changed
    create unlogged table rebuild.broken (kind text, id uuid, why text not null, primary key (kind, id));
    if exists (select from pg_roles where rolname = 'colis_projector') then
        grant usage on schema rebuild to colis_projector;
        grant select, insert, update, delete on all tables in schema rebuild to colis_projector;
    end if;
end $$;

create function bus.rebuild_end() returns void language sql security definer set search_path = pg_catalog, pg_temp as
    'drop schema if exists rebuild cascade';

-- Rows and their digest, in the order of their key: the rows of each 4096th part of the ids, then of the parts.
create function bus.rebuild_digest(of_table regclass, key text, out count bigint, out digest text)
    language plpgsql stable set search_path = pg_catalog, pg_temp set jit = off as $$
begin
    execute format(
        'select coalesce(sum(part.count), 0), '
        '       encode(sha256(coalesce(string_agg(part.digest, ''''::bytea order by part.at), '''')), ''hex'') '
        'from (select left(t.%1$I::text, 3) as at, count(*), '
        '             sha256(string_agg(sha256(convert_to(t::text, ''UTF8'')), ''''::bytea order by t::text)) as digest '
        '      from %2$s t group by 1) part', key, of_table) into count, digest;
end $$;

-- The columns of two rows that are not the same.
create function bus.rebuild_columns(live jsonb, rebuilt jsonb) returns text language sql immutable
    set search_path = pg_catalog, pg_temp as $$
    select case when live is null then 'missing' when rebuilt is null then 'in no fact' else
        coalesce('other: ' || string_agg(l.key, ' ' order by l.key), 'other: bytes') end
    from jsonb_each(live) l where l.value is distinct from rebuilt -> l.key
$$;

-- Compares one live table with the rebuilt one, byte by byte, and notes what differs. kind: a table of state, or ledger.
create function bus.rebuild_compare(kind text, out live bigint, out rebuilt bigint, out digest text,
    out rebuilt_digest text, out differing bigint)
    language plpgsql set search_path = pg_catalog, pg_temp set jit = off as $$
declare
    key constant text := case kind when 'ledger' then 'journal' else 'id' end;
    also constant text := case kind when 'ledger' then ' and l.line = r.line' else '' end;
    owner constant text := case kind when 'ledger' then 'payment' else 'id' end;
    live_table constant regclass := case kind when 'ledger' then 'bus.ledger' else format('state.%I', kind) end;
    rebuilt_table constant regclass := format('rebuild.%I', kind);
begin
    select d.count, d.digest into live, digest from bus.rebuild_digest(live_table, key) d;
    select d.count, d.digest into rebuilt, rebuilt_digest from bus.rebuild_digest(rebuilt_table, key) d;
    execute format('delete from rebuild.difference where kind = %L', kind);
    execute format(
        'insert into rebuild.difference (kind, id, why) '
        'select %1$L, coalesce(l.%2$I, r.%2$I), min(bus.rebuild_columns(to_jsonb(l), to_jsonb(r))) '
        'from %3$s l full join %4$s r on l.%2$I = r.%2$I%5$s '
        'where (l.%2$I is null or r.%2$I is null or l *<> r) and not exists (select from rebuild.broken b '
        'where b.kind = %6$L and b.id = coalesce(l.%7$I, r.%7$I)) group by 2',
        kind, key, live_table, rebuilt_table, also, case kind when 'ledger' then 'payment' else kind end, owner);
    get diagnostics differing = row_count;
end $$;

-- Replaces the live rows that were noted by the rebuilt ones, journals as a whole. As the owner: the projector's role
-- only adds to the ledger. Who calls it holds all positions of the projector.
create function bus.rebuild_put_right() returns bigint language plpgsql security definer
    set search_path = pg_catalog, pg_temp as $$
declare
    name text;
    put bigint;
    total bigint := 0;
begin
    -- what has contradicted itself since it was compared
    delete from rebuild.difference d using rebuild.broken b where d.kind = b.kind and d.id = b.id;
    delete from rebuild.difference d using rebuild.broken b where d.kind = 'ledger' and b.kind = 'payment' and
        (exists (select from bus.ledger l where l.journal = d.id and l.payment = b.id) or
         exists (select from rebuild.ledger l where l.journal = d.id and l.payment = b.id));
    for name in select distinct d.kind from rebuild.difference d
        join pg_tables t on t.schemaname = 'state' and t.tablename = d.kind loop
        execute format('delete from state.%I t using rebuild.difference d where d.kind = %1$L and t.id = d.id', name);
        execute format('insert into state.%I select r.* from rebuild.%1$I r join rebuild.difference d '
                       'on d.kind = %1$L and d.id = r.id', name);
        get diagnostics put = row_count;
        total := total + put;
    end loop;
    delete from bus.ledger l using rebuild.difference d where d.kind = 'ledger' and l.journal = d.id;
    insert into bus.ledger select r.* from rebuild.ledger r join rebuild.difference d
        on d.kind = 'ledger' and d.id = r.journal;
    get diagnostics put = row_count;
    return total + put;
end $$;

do $$
declare
    own constant text := 'bus.rebuild_start(), bus.rebuild_end(), bus.rebuild_digest(regclass, text), '
        'bus.rebuild_columns(jsonb, jsonb), bus.rebuild_compare(text), bus.rebuild_put_right()';
begin
    execute format('revoke execute on function %s from public', own);
    if exists (select from pg_roles where rolname = 'colis_projector') then
        execute format('grant execute on function %s to colis_projector', own);
        grant select on bus.relay_position to colis_projector;
        create policy colis_rebuild on bus.relay_position for select to colis_projector using (true);
    end if;
end $$;
