-- Trips that can be asked for, by where they go from and to, soonest first. Each end is a city or a circle around a
-- point, so there are four shapes, each a function with an index in the order of its pages: (departs, id). What is
-- filtered stands in the index too, so that a full or dear trip is passed over without reading its row.

-- A city as it is compared: whatever the case of ASCII letters, as when a parcel asks for a trip (place_same).
create function bus.place(country text, city text) returns text language sql immutable parallel safe as $$
    select country || ' ' || lower(city collate "C")
$$;

-- From one to the other; no name has a line in it.
create function bus.route(country text, city text, to_country text, to_city text) returns text
    language sql immutable parallel safe as $$
    select country || ' ' || lower(city collate "C") || E'\n' || to_country || ' ' || lower(to_city collate "C")
$$;

-- The square of one degree that a spot (hundredths of a degree) lies in; -180 and 180 degrees are one meridian.
create function bus.square(lat_c bigint, lon_c bigint) returns bigint language sql immutable parallel safe as $$
    select (lat_c + 9000) / 100 * 360 + (lon_c + 18000) / 100 % 360
$$;

-- Every square that a circle touches, and perhaps one more at its edge. Not for circles around a pole.
create function bus.squares(lat_c bigint, lon_c bigint, km bigint) returns bigint[] language sql immutable as $$
    select array_agg(y.y * 360 + x.x % 360)
    from (select ceil(degrees(km / 6371.0088) * 100)::bigint + 1 as lat,
                 ceil(degrees(asin(least(1, sin(km / 6371.0088) / cosd(lat_c / 100.0)))) * 100)::bigint + 1 as lon) reach,
         generate_series((lat_c - reach.lat + 9000) / 100, (lat_c + reach.lat + 9000) / 100) y (y),
         generate_series((lon_c - reach.lon + 54000) / 100, (lon_c + reach.lon + 54000) / 100) x (x)
$$;

-- Along the great circle, by the haversine, on a sphere of the earth's mean radius.
create function bus.distance_km(lat_c bigint, lon_c bigint, to_lat_c bigint, to_lon_c bigint)
    returns double precision language sql immutable parallel safe as $$
    select 2 * 6371.0088::float8 * asin(sqrt(least(1::float8, sind((to_lat_c - lat_c)::float8 / 200) ^ 2 +
        cosd(lat_c::float8 / 100) * cosd(to_lat_c::float8 / 100) * sind((to_lon_c - lon_c)::float8 / 200) ^ 2)))
$$;

create index trip_city_city on state.trip
    (bus.route(origin_country, origin_city, destination_country, destination_city), departs, id)
    include (origin_country, origin_city, destination_country, destination_city, capacity_g, reserved_g, price_per_kg, currency)
    where state = 'announced';
create index trip_city_point on state.trip
    (bus.place(origin_country, origin_city), bus.square(destination_spot_lat_c, destination_spot_lon_c), departs, id)
    include (origin_country, origin_city, destination_spot_lat_c, destination_spot_lon_c, capacity_g, reserved_g,
             price_per_kg, currency)
    where state = 'announced' and destination_spot_lat_c is not null;
create index trip_point_city on state.trip
    (bus.place(destination_country, destination_city), bus.square(origin_spot_lat_c, origin_spot_lon_c), departs, id)
    include (destination_country, destination_city, origin_spot_lat_c, origin_spot_lon_c, capacity_g, reserved_g,
             price_per_kg, currency)
    where state = 'announced' and origin_spot_lat_c is not null;
create index trip_point_point on state.trip
    (bus.square(origin_spot_lat_c, origin_spot_lon_c), bus.square(destination_spot_lat_c, destination_spot_lon_c), departs, id)
    include (origin_spot_lat_c, origin_spot_lon_c, destination_spot_lat_c, destination_spot_lon_c, capacity_g, reserved_g,
             price_per_kg, currency)
    where state = 'announced' and origin_spot_lat_c is not null and destination_spot_lat_c is not null;

-- The shapes: ids behind (after, after_id), one more than the page; a price or a currency that is null is any. They
-- run as their owner: every trip is everyone's to see, and below row-level security an index on what a function says
-- gives no order. Their plans are made once a session; compiling one would take longer than running it.
create function api.trips_city_city(country text, city text, to_country text, to_city text, after timestamptz,
    after_id uuid, until timestamptz, least_g bigint, most bigint, money text, page bigint)
    returns table (departs timestamptz, id uuid) language plpgsql stable security definer rows 20
    set search_path = bus, pg_temp set jit = off as $$
begin
    return query
    select t.departs, t.id from state.trip t
    where t.state = 'announced' and bus.route(t.origin_country, t.origin_city, t.destination_country,
                                              t.destination_city) = bus.route(country, city, to_country, to_city)
      and (t.departs, t.id) > (after, after_id) and t.departs <= until and t.capacity_g - t.reserved_g >= least_g
      and (most is null or t.price_per_kg <= most) and (money is null or t.currency = money)
    order by t.departs, t.id limit page + 1;
end $$;

-- Each square in the order of its index, no further than the page; then the squares together.
create function api.trips_city_point(country text, city text, to_lat_c bigint, to_lon_c bigint, to_km bigint,
    after timestamptz, after_id uuid, until timestamptz, least_g bigint, most bigint, money text, page bigint)
    returns table (departs timestamptz, id uuid) language plpgsql stable security definer rows 20
    set search_path = bus, pg_temp set jit = off as $$
declare
    squares constant bigint[] := bus.squares(to_lat_c, to_lon_c, to_km);
begin
    return query
    select f.departs, f.id from unnest(squares) d (square), lateral (
        select t.departs, t.id from state.trip t
        where t.state = 'announced' and bus.place(t.origin_country, t.origin_city) = bus.place(country, city)
          and t.destination_spot_lat_c is not null
          and bus.square(t.destination_spot_lat_c, t.destination_spot_lon_c) = d.square
          and (t.departs, t.id) > (after, after_id) and t.departs <= until and t.capacity_g - t.reserved_g >= least_g
          and (most is null or t.price_per_kg <= most) and (money is null or t.currency = money)
          and bus.distance_km(to_lat_c, to_lon_c, t.destination_spot_lat_c, t.destination_spot_lon_c) <= to_km
        order by t.departs, t.id limit page + 1) f
    order by f.departs, f.id limit page + 1;
end $$;

create function api.trips_point_city(lat_c bigint, lon_c bigint, km bigint, to_country text, to_city text,
    after timestamptz, after_id uuid, until timestamptz, least_g bigint, most bigint, money text, page bigint)
    returns table (departs timestamptz, id uuid) language plpgsql stable security definer rows 20
    set search_path = bus, pg_temp set jit = off as $$
declare
    squares constant bigint[] := bus.squares(lat_c, lon_c, km);
begin
    return query
    select f.departs, f.id from unnest(squares) o (square), lateral (
        select t.departs, t.id from state.trip t
        where t.state = 'announced'
          and bus.place(t.destination_country, t.destination_city) = bus.place(to_country, to_city)
          and t.origin_spot_lat_c is not null and bus.square(t.origin_spot_lat_c, t.origin_spot_lon_c) = o.square
          and (t.departs, t.id) > (after, after_id) and t.departs <= until and t.capacity_g - t.reserved_g >= least_g
          and (most is null or t.price_per_kg <= most) and (money is null or t.currency = money)
          and bus.distance_km(lat_c, lon_c, t.origin_spot_lat_c, t.origin_spot_lon_c) <= km
        order by t.departs, t.id limit page + 1) f
    order by f.departs, f.id limit page + 1;
end $$;

create function api.trips_point_point(lat_c bigint, lon_c bigint, km bigint, to_lat_c bigint, to_lon_c bigint,
    to_km bigint, after timestamptz, after_id uuid, until timestamptz, least_g bigint, most bigint, money text, page bigint)
    returns table (departs timestamptz, id uuid) language plpgsql stable security definer rows 20
    set search_path = bus, pg_temp set jit = off as $$
declare
    squares constant bigint[] := bus.squares(lat_c, lon_c, km);
    to_squares constant bigint[] := bus.squares(to_lat_c, to_lon_c, to_km);
begin
    return query
    select f.departs, f.id from unnest(squares) o (square), unnest(to_squares) d (square), lateral (
        select t.departs, t.id from state.trip t
        where t.state = 'announced' and t.origin_spot_lat_c is not null and t.destination_spot_lat_c is not null
          and bus.square(t.origin_spot_lat_c, t.origin_spot_lon_c) = o.square
          and bus.square(t.destination_spot_lat_c, t.destination_spot_lon_c) = d.square
          and (t.departs, t.id) > (after, after_id) and t.departs <= until and t.capacity_g - t.reserved_g >= least_g
          and (most is null or t.price_per_kg <= most) and (money is null or t.currency = money)
          and bus.distance_km(lat_c, lon_c, t.origin_spot_lat_c, t.origin_spot_lon_c) <= km
          and bus.distance_km(to_lat_c, to_lon_c, t.destination_spot_lat_c, t.destination_spot_lon_c) <= to_km
        order by t.departs, t.id limit page + 1) f
    order by f.departs, f.id limit page + 1;
end $$;

-- The other way round: who saved a search that a trip answers, for whoever tells them.
create index search_route on state.search
    (bus.route(origin_country, origin_city, destination_country, destination_city)) where state = 'saved';

create function api.searches_matching(of_trip uuid) returns table (search uuid, owner uuid) language sql stable as $$
    select s.id, s.owner from state.trip t join state.search s on s.state = 'saved'
        and bus.route(s.origin_country, s.origin_city, s.destination_country, s.destination_city) =
            bus.route(t.origin_country, t.origin_city, t.destination_country, t.destination_city)
    where t.id = of_trip and t.state = 'announced' and s.owner <> t.traveller
      and (s."from" is null or t.departs >= s."from") and (s.until is null or t.departs <= s.until)
      and t.capacity_g - t.reserved_g >= coalesce(s.min_grams, 1)
      and (s.max_price is null or t.price_per_kg <= s.max_price) and (s.currency is null or t.currency = s.currency)
$$;
revoke execute on function api.searches_matching(uuid) from public;

do $$
begin
    if exists (select from pg_roles where rolname = 'colis_notifier') then
        grant usage on schema api, bus to colis_notifier;
        grant execute on function api.searches_matching(uuid) to colis_notifier;
    end if;
end $$;
