-- The relay's position goes back where an operator says so: its topic was made anew, or lost its end. A reader that
-- stands past there would be inside the new log sooner or later, and go on with what is before it unread.
create function bus.relay_position_back() returns trigger language plpgsql set search_path = bus, pg_temp as $$
declare
    past text;
begin
    select string_agg(format('%s at %s', p.reader, p.next), ', ' order by p.reader) into past from bus.position p
        where p.topic = new.topic and p.partition = new.partition and p.next > new.next;
    if past is not null then
        raise exception 'readers stand past % of %/%: %', new.next, new.topic, new.partition, past
            using hint = 'Set their positions first.';
    end if;
    return new;
end $$;
create trigger relay_position_back before update of next on bus.relay_position
    for each row when (new.next < old.next) execute function bus.relay_position_back();
