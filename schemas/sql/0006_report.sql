-- What providers' webhooks told us, each report once: columns as in schemas/states. Nobody's but the programs'.
create table state.report (
    id          uuid primary key,
    version     bigint not null,
    state       text not null,
    changed_at  timestamptz not null,
    provider    text not null,
    event_kind  text not null,
    event       text,
    provider_id text,
    reference   text,
    charge_id   text,
    status      text,
    amount      text,
    currency    text,
    occurred_at timestamptz,
    digest      text not null
);
create table private.report (
    id    uuid not null,
    name  text not null,
    n     bigint not null,
    value jsonb not null,
    primary key (id, name, n)
);
alter table state.report   enable row level security;
alter table private.report enable row level security;

do $$
declare
    name text;
begin
    if exists (select from pg_roles where rolname = 'colis_projector') then
        foreach name in array '{state.report, private.report}'::text[] loop
            execute format('grant select, insert, update, delete on %s to colis_projector', name);
            execute format('create policy colis_projector on %s to colis_projector using (true) with check (true)', name);
        end loop;
    end if;
end $$;
