-- Photos are of one booking: what was attached before a booking took the parcel proves nothing in it.
alter table state.parcel add column photos_before bigint;

-- Who may put and see a parcel's photos: its sender, who carries it, its present recipient by their link, and staff.
create function api.parcel_photos(wanted uuid) returns table (version bigint) language sql stable security definer
    set search_path = bus, pg_temp as $$
    select p.version from state.parcel p, lateral (select auth.jwt() -> 'app_metadata' as is_of) c
    where p.id = wanted and (p.sender = auth.uid() or bus.is_staff()
        or (p.traveller = auth.uid() and bus.carries(p.id))
        or (c.is_of ->> 'colis_role' = 'recipient' and c.is_of ->> 'colis_booking' = p.booking::text
            and c.is_of ->> 'colis_recipient' = p.recipient_n::text))
$$;
revoke execute on function api.parcel_photos(uuid) from public;
grant execute on function api.parcel_photos(uuid) to authenticated;
