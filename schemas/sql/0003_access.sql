-- Who may do what. Readers pass the caller's claims and see rows through row-level security: the same policies
-- run in a Supabase project, whose auth schema is left alone.
do $$
begin
    if to_regprocedure('auth.uid()') is null then
        create schema if not exists auth;
        create function auth.uid() returns uuid language sql stable as
            'select nullif(current_setting(''request.jwt.claims'', true)::jsonb ->> ''sub'', '''')::uuid';
    end if;
    if to_regprocedure('auth.jwt()') is null then
        create function auth.jwt() returns jsonb language sql stable as
            'select coalesce(nullif(current_setting(''request.jwt.claims'', true), ''''), ''{}'')::jsonb';
    end if;
end $$;

create function bus.is_staff() returns boolean language sql stable as
    'select coalesce(auth.jwt() -> ''app_metadata'' ->> ''colis_role'' in (''staff'', ''lead''), false)';

alter table bus.verdict     enable row level security;
alter table bus.position    enable row level security;
alter table bus.cluster     enable row level security;
alter table bus.outbox      enable row level security;
alter table bus.relay_position enable row level security;
alter table bus.parked      enable row level security;
alter table bus.notification enable row level security;
alter table state.parcel    enable row level security;
alter table state.profile   enable row level security;
alter table private.parcel  enable row level security;
alter table private.profile enable row level security;

create policy verdict_own on bus.verdict for select to authenticated using (principal = (select auth.uid()));
create policy parcel_own on state.parcel for select to authenticated
    using (sender = (select auth.uid()) or (select bus.is_staff()));
create policy parcel_private_own on private.parcel for select to authenticated
    using (exists (select from state.parcel p where p.id = private.parcel.id and p.sender = (select auth.uid())));
create policy profile_own on state.profile for select to authenticated using (id = (select auth.uid()));
create policy profile_private_own on private.profile for select to authenticated using (id = (select auth.uid()));

-- Is a command of the caller waiting to be released? (its row itself is nobody's to read)
create function bus.command_parked(command uuid) returns boolean
    language sql stable security definer set search_path = bus, pg_temp as
    'select exists (select from bus.parked where id = command and kind = ''parked''
                    and headers::jsonb ->> ''ce_principal'' = auth.uid()::text)';
revoke execute on function bus.command_parked(uuid) from public;
grant execute on function bus.command_parked(uuid) to authenticated;

grant usage on schema bus, state, private, auth to authenticated;
grant select on bus.verdict, state.parcel, state.profile, private.parcel, private.profile to authenticated;

-- Programs see every row of the tables they are granted, by policies and not by BYPASSRLS, which a hosted project
-- may not give.
do $$
declare
    granted record;
    name text;
    own text;
begin
    for granted in
        select * from (values
            ('colis_projector', 'select, insert, update, delete', '{bus.verdict, bus.position, bus.cluster, bus.outbox, bus.parked, state.parcel, state.profile, private.parcel, private.profile}'),
            ('colis_relay', 'select, delete', '{bus.outbox}'),
            ('colis_relay', 'select, insert, update', '{bus.relay_position, bus.cluster}'),
            ('colis_notifier', 'select, insert, update', '{bus.notification, bus.position, bus.cluster}'),
            ('colis_notifier', 'select', '{state.parcel, private.parcel, private.profile}'),
            ('colis_redrive', 'select, update (action)', '{bus.parked}') -- what was asked is nobody's to change
        ) as wanted (role, what, tables)
    loop
        continue when not exists (select from pg_roles where rolname = granted.role);
        execute format('grant usage on schema bus, state, private, auth to %I', granted.role);
        foreach name in array granted.tables::text[] loop
            execute format('grant %s on %s to %I', granted.what, name, granted.role);
            -- a reader's position is its own business
            if name in ('bus.position', 'bus.cluster') then
                own := format('reader = %L', replace(granted.role, 'colis_', ''));
            else
                own := 'true';
            end if;
            execute format('create policy %I on %s to %I using (%s) with check (%s)', granted.role, name, granted.role, own, own);
        end loop;
    end loop;
end $$;
