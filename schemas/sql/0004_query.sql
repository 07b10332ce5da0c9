-- What colis-query needs beyond the caller's own view: the verdicts of everybody who waits, in one statement.
-- Row-level security speaks for one caller at a time; here each command is paired with who waits for it, and
-- nobody is shown another's.
create function bus.verdicts(commands uuid[], principals uuid[])
    returns table (place bigint, id uuid, subject uuid, kind text, accepted boolean, reason text,
                   fact_count smallint, decided_at timestamptz, fingerprint bytea)
    language sql stable security definer set search_path = bus, pg_temp as $$
    select w.place - 1, v.id, v.subject, v.kind, v.accepted, v.reason, v.fact_count, v.decided_at, v.fingerprint
    from unnest(commands, principals) with ordinality w (command, principal, place)
    join bus.verdict v on v.id = w.command and v.principal = w.principal
$$;
revoke execute on function bus.verdicts(uuid[], uuid[]) from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'colis_query') then
        grant usage on schema bus to colis_query;
        grant execute on function bus.verdicts(uuid[], uuid[]) to colis_query;
    end if;
end $$;
