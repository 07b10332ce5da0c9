-- Trips, bookings, payments, reviews, people and saved searches: columns exactly as in schemas/states, and the
-- journal of what money moved. What a row had not before gets what it is worth by the rules: nothing.
alter table state.parcel
    add column size_length_mm    bigint,
    add column size_width_mm     bigint,
    add column size_height_mm    bigint,
    add column flag              text,
    add column booking           uuid,
    add column trip              uuid,
    add column traveller         uuid,
    add column recipient_n       bigint not null default 1,
    add column recipient_changes bigint not null default 0,
    add column stale_epoch       bigint not null default 0,
    add column arrived_at        timestamptz,
    add column arrived_epoch     bigint not null default 0,
    add column delivered_at      timestamptz,
    add column outcome           text,
    add column photos            jsonb not null default '[]';
alter table state.parcel
    alter column recipient_n drop default,
    alter column recipient_changes drop default,
    alter column stale_epoch drop default,
    alter column arrived_epoch drop default,
    alter column photos drop default;
create index parcel_traveller on state.parcel (traveller) where traveller is not null;

alter table state.profile
    add column tier         bigint not null default 0,
    add column blocked      boolean not null default false,
    add column payout_n     bigint not null default 0,
    add column payout_since timestamptz,
    add column done         bigint not null default 0,
    add column faults       jsonb not null default '[]';
alter table state.profile
    alter column tier drop default,
    alter column blocked drop default,
    alter column payout_n drop default,
    alter column done drop default,
    alter column faults drop default;

create table state.trip (
    id                     uuid primary key,
    version                bigint not null,
    state                  text not null,
    changed_at             timestamptz not null,
    traveller              uuid not null,
    origin_country         text not null,
    origin_city            text not null,
    origin_spot_lat_c      bigint,
    origin_spot_lon_c      bigint,
    destination_country    text not null,
    destination_city       text not null,
    destination_spot_lat_c bigint,
    destination_spot_lon_c bigint,
    departs                timestamptz not null,
    arrives                timestamptz not null,
    first_departs          timestamptz not null,
    drop_off_until         timestamptz not null,
    capacity_g             bigint not null,
    reserved_g             bigint not null,
    loaded_g               bigint not null,
    exposure               bigint not null,
    price_per_kg           bigint not null,
    currency               text not null,
    redates                bigint not null,
    arrival_redates        bigint not null,
    schedule               bigint not null,
    announced_at           timestamptz not null,
    departed_at            timestamptz,
    overdue_epoch          bigint not null,
    bookings               jsonb not null
);
create index trip_traveller on state.trip (traveller, announced_at desc, id desc);

create table state.booking (
    id                      uuid primary key,
    version                 bigint not null,
    state                   text not null,
    changed_at              timestamptz not null,
    trip                    uuid not null,
    parcel                  uuid not null,
    payment                 uuid not null,
    review                  uuid not null,
    sender                  uuid not null,
    traveller               uuid not null,
    grams                   bigint not null,
    min_grams               bigint not null,
    price_per_kg            bigint not null,
    carriage                bigint not null,
    fee                     bigint not null,
    currency                text not null,
    exposure                bigint not null,
    requested_at            timestamptz not null,
    expires                 timestamptz not null,
    schedule                bigint not null,
    departs                 timestamptz not null,
    arrives                 timestamptz not null,
    drop_off_until          timestamptz not null,
    free_cancel_until       timestamptz,
    must_answer_by          timestamptz,
    departs_before          timestamptz,
    pay_by                  timestamptz,
    grace_used              boolean not null,
    paid_at                 timestamptz,
    collected_at            timestamptz,
    weighed_g               bigint,
    delivered_at            timestamptz,
    confirm_by              timestamptz,
    pickup_code_issue       bigint not null,
    pickup_code_tries       bigint not null,
    pickup_code_issued_at   timestamptz,
    delivery_code_issue     bigint not null,
    delivery_code_tries     bigint not null,
    delivery_code_issued_at timestamptz,
    return_code_issue       bigint not null,
    return_code_tries       bigint not null,
    return_code_issued_at   timestamptz,
    pickup_reason           text,
    pickup_failed_by        text,
    contest_by              timestamptz,
    cause                   text,
    disputed_from           text,
    opener                  text,
    disputed_at             timestamptz,
    evidence_by             timestamptz,
    default_at              timestamptz,
    return_proved_at        timestamptz,
    delivery_proved_at      timestamptz,
    sender_evidence         bigint not null,
    traveller_evidence      bigint not null,
    recipient_evidence      bigint not null,
    split_to_traveller      bigint,
    split_to_sender         bigint,
    split_to_fees           bigint,
    fault                   text,
    expire_epoch            bigint not null,
    redate_epoch            bigint not null,
    pickup_epoch            bigint not null,
    settle_epoch            bigint not null,
    late_epoch              bigint not null,
    confirm_epoch           bigint not null,
    dispute_epoch           bigint not null
);
create index booking_sender on state.booking (sender, requested_at desc, id desc);
create index booking_traveller on state.booking (traveller, requested_at desc, id desc);
create index booking_parcel on state.booking (parcel);
create index booking_trip on state.booking (trip);

-- payments and reviews are found by their booking
create table state.payment (
    id                 uuid primary key,
    version            bigint not null,
    state              text not null,
    changed_at         timestamptz not null,
    booking            uuid,              -- null: money nobody knows
    trip               uuid,
    parcel             uuid,
    sender             uuid,
    traveller          uuid,
    currency           text not null,
    carriage           bigint not null,
    fee                bigint not null,
    total              bigint not null,
    received           bigint not null,
    opened_at          timestamptz not null,
    split_to_traveller bigint,
    split_to_sender    bigint,
    split_to_fees      bigint,
    last_due_at        timestamptz,
    close_epoch        bigint not null,
    retry_epoch        bigint not null,
    attempts           jsonb not null,
    charges            jsonb not null,
    orders             jsonb not null,
    balances           jsonb not null
);
create unique index payment_booking on state.payment (booking) where booking is not null;

create table state.review (
    id              uuid primary key,
    version         bigint not null,
    state           text not null,
    changed_at      timestamptz not null,
    booking         uuid not null,
    sender          uuid not null,
    traveller       uuid not null,
    sender_score    bigint,
    traveller_score bigint,
    opened_at       timestamptz not null,
    close_epoch     bigint not null,
    rated_n         bigint not null
);
create unique index review_booking on state.review (booking);
create index review_traveller on state.review (traveller, changed_at desc) where state = 'published';
create index review_sender on state.review (sender, changed_at desc) where state = 'published';

create table state.search (
    id                  uuid primary key,
    version             bigint not null,
    state               text not null,
    changed_at          timestamptz not null,
    owner               uuid not null,
    origin_country      text not null,
    origin_city         text not null,
    destination_country text not null,
    destination_city    text not null,
    "from"              timestamptz,
    until               timestamptz,
    min_grams           bigint,
    max_price           bigint,
    currency            text,
    saved_at            timestamptz not null
);
create index search_owner on state.search (owner, saved_at desc, id desc);

do $$
declare
    kind text;
begin
    foreach kind in array '{trip, booking, payment, review, search}'::text[] loop
        execute format('create table private.%I (id uuid not null, name text not null, n bigint not null, '
                       'value jsonb not null, primary key (id, name, n))', kind);
    end loop;
end $$;

-- The journal: a fact that moves money is one journal, its id the fact's. + debit, - credit, in minor units.
-- Insert-only; what was wrong is put right by a journal of its own.
create table bus.ledger (
    journal  uuid not null,
    line     smallint not null,
    booking  uuid,                        -- null: money nobody knows
    payment  uuid not null,
    account  text not null,
    currency text not null,
    amount   bigint not null,
    at       timestamptz not null,
    primary key (journal, line)
);
create index ledger_booking on bus.ledger (booking);

-- A journal is written whole, by one statement: what that statement adds sums to zero, or is not added. Checked once
-- a statement, so that a batch costs one look at its own rows.
create function bus.journals_balance() returns trigger language plpgsql set search_path = bus, pg_temp as $$
declare
    off record;
begin
    select journal, currency, sum(amount) as amount into off from added
    group by journal, currency having sum(amount) <> 0 limit 1;
    if found then
        raise exception 'journal % is off by % %', off.journal, off.amount, off.currency
            using errcode = 'check_violation';
    end if;
    return null;
end $$;
create trigger ledger_balances after insert on bus.ledger referencing new table as added
    for each statement execute function bus.journals_balance();

-- The relay scans facts by id: timers, which may wait for months, must not be walked over.
create index outbox_fact on bus.outbox (shard, id) where topic <> 'commands';

alter table state.trip      enable row level security;
alter table state.booking   enable row level security;
alter table state.payment   enable row level security;
alter table state.review    enable row level security;
alter table state.search    enable row level security;
alter table private.trip    enable row level security;
alter table private.booking enable row level security;
alter table private.payment enable row level security;
alter table private.review  enable row level security;
alter table private.search  enable row level security;
alter table bus.ledger      enable row level security;

-- From paid until a booking ends its traveller sees the parcel and what is private about it, while it is theirs.
create function bus.carries(parcel uuid) returns boolean language sql stable security definer
    set search_path = bus, pg_temp as $$
    select exists (select from state.parcel p join state.booking b on b.id = p.booking
                   where p.id = $1 and b.traveller = auth.uid()
                   and b.state in ('paid', 'collected', 'delivered', 'disputed', 'refused_at_pickup'))
$$;
revoke execute on function bus.carries(uuid) from public;
grant execute on function bus.carries(uuid) to authenticated;

drop policy parcel_own on state.parcel;
create policy parcel_own on state.parcel for select to authenticated
    using (sender = (select auth.uid()) or (select bus.is_staff()) or
           (traveller = (select auth.uid()) and bus.carries(id)));
drop policy parcel_private_own on private.parcel;
create policy parcel_private_own on private.parcel for select to authenticated
    using (exists (select from state.parcel p where p.id = private.parcel.id and p.sender = (select auth.uid()))
           or bus.carries(id));
-- A trip's row holds nothing private; what the query shows of it is the query's business.
create policy trip_all on state.trip for select to authenticated using (true);
create policy trip_private_own on private.trip for select to authenticated
    using ((select bus.is_staff()) or
           exists (select from state.trip t where t.id = private.trip.id and t.traveller = (select auth.uid())));
create policy booking_own on state.booking for select to authenticated
    using (sender = (select auth.uid()) or traveller = (select auth.uid()) or (select bus.is_staff()));
create policy booking_private_own on private.booking for select to authenticated
    using ((select bus.is_staff()) or
           exists (select from state.booking b where b.id = private.booking.id and
                   (b.sender = (select auth.uid()) or b.traveller = (select auth.uid()))));
create policy payment_own on state.payment for select to authenticated
    using (sender = (select auth.uid()) or traveller = (select auth.uid()) or (select bus.is_staff()));
-- what a provider or an operator wrote about money is nobody else's
create policy payment_private_staff on private.payment for select to authenticated using ((select bus.is_staff()));
create policy review_own on state.review for select to authenticated
    using (sender = (select auth.uid()) or traveller = (select auth.uid()) or state = 'published'
           or (select bus.is_staff()));
create policy review_private_own on private.review for select to authenticated
    using ((select bus.is_staff()) or
           exists (select from state.review r where r.id = private.review.id and r.state = 'published'));
create policy search_own on state.search for select to authenticated using (owner = (select auth.uid()));
create policy search_private_own on private.search for select to authenticated
    using (exists (select from state.search s where s.id = private.search.id and s.owner = (select auth.uid())));
create policy ledger_own on bus.ledger for select to authenticated
    using ((select bus.is_staff()) or
           exists (select from state.booking b where b.id = bus.ledger.booking and
                   (b.sender = (select auth.uid()) or b.traveller = (select auth.uid()))));

grant select on state.trip, state.booking, state.payment, state.review, state.search, private.trip,
    private.booking, private.payment, private.review, private.search, bus.ledger to authenticated;

do $$
declare
    granted record;
    name text;
begin
    for granted in
        select * from (values
            ('colis_projector', 'select, insert, update, delete', '{state.trip, state.booking, state.payment, state.review, state.search, private.trip, private.booking, private.payment, private.review, private.search}'),
            ('colis_projector', 'select, insert', '{bus.ledger}'),
            ('colis_notifier', 'select', '{state.trip, state.booking, state.payment, state.review, state.search, state.profile, private.trip, private.booking, private.payment, private.review, private.search}'),
            ('colis_payments', 'select', '{state.booking, state.payment, private.payment, private.profile}')
        ) as wanted (role, what, tables)
    loop
        continue when not exists (select from pg_roles where rolname = granted.role);
        execute format('grant usage on schema bus, state, private, auth to %I', granted.role);
        foreach name in array granted.tables::text[] loop
            execute format('grant %s on %s to %I', granted.what, name, granted.role);
            execute format('create policy %I on %s to %I using (true) with check (true)', granted.role, name, granted.role);
        end loop;
    end loop;
end $$;
