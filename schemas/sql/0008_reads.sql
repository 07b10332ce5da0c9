-- What can be read, as functions that give JSON in the order of our schemas. They run as the caller (role
-- authenticated, the caller's claims): a row of somebody else's is a row that is not there. What was never said is
-- absent. Each gives the JSON and, for one thing, its version: the entity tag.
create schema if not exists api;
grant usage on schema api to authenticated;

-- as our programs write time
-- (stable, not immutable: only so is it taken into the statement that calls it, and planned once)
create function api.stamp(at timestamptz) returns text language sql stable as $$
    select to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS') ||
           case when date_trunc('second', at) = at then 'Z' else to_char(at at time zone 'utc', '.MS') || 'Z' end
$$;

create function api.place(country text, city text) returns json language sql stable as $$
    select json_build_object('country', country, 'city', city)
$$;

create function api.spot(lat_c bigint, lon_c bigint) returns json language sql stable as $$
    select case when lat_c is not null then json_build_object('lat_c', lat_c, 'lon_c', lon_c) end
$$;

-- A place and what is private about it.
create function api.address(country text, city text, private jsonb) returns json language sql stable as $$
    select json_build_object('country', country, 'city', city, 'street', private -> 'street',
        'landmark', private -> 'landmark', 'point', private -> 'point')
$$;

-- A parcel with what is private about it, which only its sender sees, and its traveller while they carry it: the
-- recipient the parcel names by number, and of the rest what was said last.
create function api.parcel_shown(p state.parcel) returns table (shown json) language sql stable as $$
    select json_build_object('id', p.id, 'version', p.version, 'state', p.state, 'changed_at', api.stamp(p.changed_at),
        'sender', p.sender, 'recipient', v.recipient,
        'origin', api.address(p.origin_country, p.origin_city, v.origin),
        'destination', api.address(p.destination_country, p.destination_city, v.destination),
        'weight_g', p.weight_g,
        'size', case when p.size_length_mm is not null then json_build_object('length_mm', p.size_length_mm,
            'width_mm', p.size_width_mm, 'height_mm', p.size_height_mm) end,
        'category', p.category, 'value', json_build_object('amount', p.value_amount, 'currency', p.value_currency),
        'description', v.description, 'ready_from', api.stamp(p.ready_from), 'deliver_by', api.stamp(p.deliver_by),
        'fragile', p.fragile, 'registered_at', api.stamp(p.registered_at), 'flag', p.flag, 'booking', p.booking,
        'trip', p.trip, 'traveller', p.traveller, 'recipient_n', p.recipient_n,
        'arrived_at', api.stamp(p.arrived_at), 'delivered_at', api.stamp(p.delivered_at),
        'cancel_reason', p.cancel_reason, 'outcome', p.outcome, 'photos', p.photos)
    from (select (array_agg(r.value -> 'recipient') filter (where r.n = p.recipient_n and r.value ? 'recipient'))[1] as recipient,
            (array_agg(r.value -> 'origin' order by r.n desc) filter (where r.value ? 'origin'))[1] as origin,
            (array_agg(r.value -> 'destination' order by r.n desc) filter (where r.value ? 'destination'))[1] as destination,
            (array_agg(r.value -> 'description' order by r.n desc) filter (where r.value ? 'description'))[1] as description
        from private.parcel r where r.id = p.id and r.name in ('register', 'correct')) v
$$;

create function api.parcel(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls(s.shown)::text, p.version from state.parcel p, api.parcel_shown(p) s where p.id = wanted
$$;

-- What everyone may know of a trip.
create function api.trip_shown(t state.trip) returns json language sql stable as $$
    select json_build_object('id', t.id, 'version', t.version, 'state', t.state, 'changed_at', api.stamp(t.changed_at),
        'traveller', t.traveller, 'origin', api.place(t.origin_country, t.origin_city),
        'origin_spot', api.spot(t.origin_spot_lat_c, t.origin_spot_lon_c),
        'destination', api.place(t.destination_country, t.destination_city),
        'destination_spot', api.spot(t.destination_spot_lat_c, t.destination_spot_lon_c),
        'departs', api.stamp(t.departs), 'arrives', api.stamp(t.arrives), 'drop_off_until', api.stamp(t.drop_off_until),
        'capacity_g', t.capacity_g, 'left_g', t.capacity_g - t.reserved_g, 'price_per_kg', t.price_per_kg,
        'currency', t.currency, 'announced_at', api.stamp(t.announced_at), 'departed_at', api.stamp(t.departed_at))
$$;

-- And what its traveller sees besides: who booked, and what was said in private.
create function api.trip_own(t state.trip) returns json language sql stable as $$
    select json_build_object('reserved_g', t.reserved_g, 'loaded_g', t.loaded_g, 'redates', t.redates, 'bookings', t.bookings,
        'announced', (select v.value from private.trip v where v.id = t.id and v.name = 'announce' order by v.n desc limit 1))
    where t.traveller = auth.uid() or bus.is_staff()
$$;

create function api.trip(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls((api.trip_shown(t)::jsonb || coalesce(api.trip_own(t)::jsonb, '{}'))::json)::text, t.version
    from state.trip t where t.id = wanted
$$;

create function api.booking_shown(b state.booking) returns json language sql stable as $$
    select json_build_object('id', b.id, 'version', b.version, 'state', b.state, 'changed_at', api.stamp(b.changed_at),
        'trip', b.trip, 'parcel', b.parcel, 'payment', b.payment, 'review', b.review, 'sender', b.sender,
        'traveller', b.traveller, 'grams', b.grams, 'min_grams', b.min_grams,
        'price_per_kg', b.price_per_kg, 'carriage', b.carriage, 'fee', b.fee, 'total', b.carriage + b.fee, 'currency', b.currency,
        'requested_at', api.stamp(b.requested_at), 'expires', api.stamp(b.expires), 'departs', api.stamp(b.departs),
        'arrives', api.stamp(b.arrives), 'drop_off_until', api.stamp(b.drop_off_until),
        'free_cancel_until', api.stamp(b.free_cancel_until), 'must_answer_by', api.stamp(b.must_answer_by),
        'pay_by', api.stamp(b.pay_by), 'paid_at', api.stamp(b.paid_at), 'collected_at', api.stamp(b.collected_at),
        'weighed_g', b.weighed_g, 'delivered_at', api.stamp(b.delivered_at), 'confirm_by', api.stamp(b.confirm_by),
        'pickup_reason', b.pickup_reason, 'contest_by', api.stamp(b.contest_by), 'cause', b.cause, 'opener', b.opener,
        'evidence_by', api.stamp(b.evidence_by), 'default_at', api.stamp(b.default_at),
        'split', case when b.split_to_traveller is not null then json_build_object('to_traveller', b.split_to_traveller,
            'to_sender', b.split_to_sender, 'to_fees', b.split_to_fees) end)
$$;

create function api.booking(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls(api.booking_shown(b))::text, b.version from state.booking b where b.id = wanted
$$;

-- What a recipient sees of the booking their link is for, while the parcel still names them: how far it is, and
-- nothing that is private or opens a door. Whether it is their link stands in the claims, never in an argument. The
-- two versions grow, so their sum is as good a tag as one.
create function api.tracking(wanted uuid) returns table (body text, version bigint) language sql stable security definer
    set search_path = bus, pg_temp as $$
    select json_strip_nulls(json_build_object('booking', b.id, 'state', b.state, 'changed_at', api.stamp(b.changed_at),
        'origin', api.place(p.origin_country, p.origin_city),
        'destination', api.place(p.destination_country, p.destination_city), 'departs', api.stamp(b.departs),
        'arrives', api.stamp(b.arrives), 'collected_at', api.stamp(b.collected_at),
        'delivered_at', api.stamp(b.delivered_at), 'evidence_by', api.stamp(b.evidence_by),
        'parcel', case when p.booking = b.id then json_build_object('state', p.state,
            'changed_at', api.stamp(p.changed_at), 'arrived_at', api.stamp(p.arrived_at),
            'delivered_at', api.stamp(p.delivered_at), 'outcome', p.outcome, 'photos',
            (select coalesce(json_agg(f.photo -> 'stage' order by f.place), '[]')
             from jsonb_array_elements(p.photos) with ordinality f (photo, place))) end))::text, b.version + p.version
    from state.booking b join state.parcel p on p.id = b.parcel, lateral (select auth.jwt() -> 'app_metadata' as is_of) c
    where b.id = wanted and c.is_of ->> 'colis_role' = 'recipient' and c.is_of ->> 'colis_booking' = b.id::text
      and c.is_of ->> 'colis_recipient' = p.recipient_n::text
$$;
revoke execute on function api.tracking(uuid) from public;
grant execute on function api.tracking(uuid) to authenticated;

-- Pages: the newest first, behind (at, id); one row more than the page tells whether another follows. The row
-- comparison makes the index seek.
create function api.parcels_mine(caller uuid, before timestamptz, before_id uuid, page bigint)
    returns table (body text, more boolean, last_at timestamptz, last_id uuid) language sql stable as $$
    with found as materialized (select p from state.parcel p where p.sender = caller
        and (p.registered_at, p.id) < (before, before_id) order by p.registered_at desc, p.id desc limit page + 1),
    shown as (select (f.p).* from found f order by (f.p).registered_at desc, (f.p).id desc limit page)
    select coalesce((select json_strip_nulls(json_agg(v.shown order by s.registered_at desc, s.id desc))
        from shown s, api.parcel_shown(row(s.*)::state.parcel) v), '[]')::text, (select count(*) from found) > page,
        (select min(registered_at) from shown), (select id from shown order by registered_at, id limit 1)
$$;

create function api.trips_mine(caller uuid, before timestamptz, before_id uuid, page bigint)
    returns table (body text, more boolean, last_at timestamptz, last_id uuid) language sql stable as $$
    with found as materialized (select t from state.trip t where t.traveller = caller
        and (t.announced_at, t.id) < (before, before_id) order by t.announced_at desc, t.id desc limit page + 1),
    shown as (select (f.t).* from found f order by (f.t).announced_at desc, (f.t).id desc limit page)
    select coalesce((select json_strip_nulls(json_agg((api.trip_shown(row(s.*)::state.trip)::jsonb || coalesce(api.trip_own(row(s.*)::state.trip)::jsonb, '{}'))::json
        order by s.announced_at desc, s.id desc)) from shown s), '[]')::text, (select count(*) from found) > page,
        (select min(announced_at) from shown), (select id from shown order by announced_at, id limit 1)
$$;

-- Those a person sends and those they carry; each half by its own index.
create function api.bookings_mine(caller uuid, before timestamptz, before_id uuid, page bigint)
    returns table (body text, more boolean, last_at timestamptz, last_id uuid) language sql stable as $$
    with found as materialized (
        select b from (
            (select * from state.booking where sender = caller and (requested_at, id) < (before, before_id)
             order by requested_at desc, id desc limit page + 1)
            union
            (select * from state.booking where traveller = caller and (requested_at, id) < (before, before_id)
             order by requested_at desc, id desc limit page + 1)
        ) b order by b.requested_at desc, b.id desc limit page + 1),
    shown as (select (f.b).* from found f order by (f.b).requested_at desc, (f.b).id desc limit page)
    select coalesce((select json_strip_nulls(json_agg(api.booking_shown(row(s.*)::state.booking) order by s.requested_at desc, s.id desc))
        from shown s), '[]')::text, (select count(*) from found) > page,
        (select min(requested_at) from shown), (select id from shown order by requested_at, id limit 1)
$$;

-- The page to pay on is its payer's alone; the provider's word about it is not shown.
create function api.payment_link(wanted uuid) returns text language sql stable security definer
    set search_path = bus, pg_temp as $$
    select v.value ->> 'link' from state.payment p, jsonb_array_elements(p.attempts) a, private.payment v
    where p.id = wanted and p.sender = auth.uid() and p.state = 'due' and a ->> 'state' in ('open', 'pending')
      and v.id = p.id and v.name = 'link' and v.n = (a ->> 'link_n')::bigint
    order by (a ->> 'n')::bigint desc limit 1
$$;
revoke execute on function api.payment_link(uuid) from public;
grant execute on function api.payment_link(uuid) to authenticated;

-- A payment, by its own id or its booking's. Each party sees the orders that go to them.
create function api.payment(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls(json_build_object('id', p.id, 'version', p.version, 'state', p.state,
        'changed_at', api.stamp(p.changed_at), 'booking', p.booking, 'currency', p.currency, 'carriage', p.carriage,
        'fee', p.fee, 'total', p.total, 'received', p.received, 'link', api.payment_link(p.id),
        'attempts', case when p.sender = auth.uid() or bus.is_staff() then p.attempts end,
        'orders', (select json_agg(o) from jsonb_array_elements(p.orders) o
            where bus.is_staff() or (o ->> 'to' = 'sender' and p.sender = auth.uid())
               or (o ->> 'to' = 'traveller' and p.traveller = auth.uid())),
        'split', case when p.split_to_traveller is not null then json_build_object('to_traveller', p.split_to_traveller,
            'to_sender', p.split_to_sender, 'to_fees', p.split_to_fees) end))::text, p.version
    from state.payment p where p.booking = wanted or p.id = wanted
$$;

-- The journal of a booking in the order it happened, and what its accounts hold.
create function api.ledger(of_booking uuid) returns table (body text, version bigint) language sql stable as $$
    select json_build_object('booking', p.booking, 'payment', p.id,
        'journals', coalesce((select json_agg(json_build_object('id', j.journal, 'at', api.stamp(j.at), 'entries', j.entries) order by j.at, j.first)
            from (select l.journal, min(l.at) as at, min(l.ctid) as first, json_agg(json_build_object('account', l.account,
                'currency', l.currency, 'amount', l.amount) order by l.line) as entries
                from bus.ledger l where l.booking = of_booking group by l.journal) j), '[]'),
        'balances', coalesce((select json_agg(json_build_object('account', s.account, 'currency', s.currency, 'amount', s.amount)
            order by s.currency, s.account) from (select account, currency, sum(amount) as amount from bus.ledger
                where booking = of_booking group by account, currency) s), '[]'))::text, p.version
    from state.payment p where p.booking = of_booking
$$;

-- Scores are hidden until both are given or the time is over; one's own is one's own.
create function api.review(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls(json_build_object('id', r.id, 'version', r.version, 'state', r.state,
        'changed_at', api.stamp(r.changed_at), 'booking', r.booking, 'sender', r.sender, 'traveller', r.traveller,
        'sender_score', case when r.state = 'published' or r.sender = auth.uid() then r.sender_score end,
        'traveller_score', case when r.state = 'published' or r.traveller = auth.uid() then r.traveller_score end,
        'opened_at', api.stamp(r.opened_at)))::text, r.version
    from state.review r where r.id = wanted
$$;

create function api.search_shown(s state.search) returns json language sql stable as $$
    select json_build_object('id', s.id, 'version', s.version, 'state', s.state,
        'origin', api.place(s.origin_country, s.origin_city),
        'destination', api.place(s.destination_country, s.destination_city), 'from', api.stamp(s."from"),
        'until', api.stamp(s.until), 'min_grams', s.min_grams, 'max_price', s.max_price, 'currency', s.currency,
        'saved_at', api.stamp(s.saved_at))
$$;

create function api.search(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_strip_nulls(api.search_shown(s))::text, s.version from state.search s where s.id = wanted
$$;

create function api.searches_mine(caller uuid, before timestamptz, before_id uuid, page bigint)
    returns table (body text, more boolean, last_at timestamptz, last_id uuid) language sql stable as $$
    with found as materialized (select s from state.search s where s.owner = caller and s.state = 'saved'
        and (s.saved_at, s.id) < (before, before_id) order by s.saved_at desc, s.id desc limit page + 1),
    shown as (select (f.s).* from found f order by (f.s).saved_at desc, (f.s).id desc limit page)
    select coalesce((select json_strip_nulls(json_agg(api.search_shown(row(s.*)::state.search) order by s.saved_at desc, s.id desc))
        from shown s), '[]')::text, (select count(*) from found) > page, (select min(saved_at) from shown),
        (select id from shown order by saved_at, id limit 1)
$$;

-- What staff see of a person.
create policy profile_staff on state.profile for select to authenticated using ((select bus.is_staff()));
create function api.person(wanted uuid) returns table (body text, version bigint) language sql stable as $$
    select json_build_object('id', s.id, 'version', s.version, 'state', s.state, 'changed_at', api.stamp(s.changed_at),
        'tier', s.tier, 'blocked', s.blocked, 'done', s.done, 'faults', s.faults)::text, s.version
    from state.profile s where s.id = wanted and bus.is_staff()
$$;
