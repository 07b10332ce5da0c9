"""Searches for trips among a million of them, through colis-query, one after the other.

A twentieth of all trips go from Paris to Dakar; the other ends are three hundred cities, few of them much travelled,
each with its trips' spots around it. What is asked is drawn from a fixed seed: hot routes and rare ones, cities and
circles, with and without filters, first pages and those behind them. The plan of each shape is printed, as the
function's own statement is planned for any values.
"""
import json
import random
import re
import time
import uuid
from urllib.parse import urlencode

from harness.person import token_of
from latency import Client, percentile

TRIPS, SEARCHES, WARM, CITIES = 1_030_000, 2000, 100, 300  # some trips lead nowhere and are left out
PARIS, DAKAR = ("FR", "Paris", 4886, 235), ("SN", "Dakar", 1472, -1747)
LOAD = """
insert into state.trip (id, version, state, changed_at, traveller, origin_country, origin_city, origin_spot_lat_c,
    origin_spot_lon_c, destination_country, destination_city, destination_spot_lat_c, destination_spot_lon_c, departs,
    arrives, first_departs, drop_off_until, capacity_g, reserved_g, loaded_g, exposure, price_per_kg, currency, redates,
    arrival_redates, schedule, announced_at, overdue_epoch, bookings)
select gen_random_uuid(), 1, case when n %% 10 = 0 then 'cancelled' else 'announced' end, now(), gen_random_uuid(),
    o.country, o.city, o.lat_c + (random() * 20 - 10)::int, o.lon_c + (random() * 20 - 10)::int,
    d.country, d.city, d.lat_c + (random() * 20 - 10)::int, d.lon_c + (random() * 20 - 10)::int,
    x.departs, x.departs + interval '6 hours', x.departs, x.departs - interval '3 hours', 23000,
    case when random() < 0.2 then 23000 else (random() * 23000)::int end, 0, 0, (500 + random() * 10000)::int,
    case when random() < 0.7 then 'XOF' else 'EUR' end, 0, 0, 0, now(), 1, '[]'
from (select n, date_trunc('milliseconds', now() + random() * interval '180 days') as departs,
          case when n %% 20 = 1 then 0 else ceil(power(%(cities)s, random()))::int end as a,
          case when n %% 20 = 1 then 1 else ceil(power(%(cities)s, random()))::int end as b
      from generate_series(1, %(trips)s) n) x
join bench_city o on o.rank = x.a join bench_city d on d.rank = x.b where x.a <> x.b
"""
SHAPES = {  # a call of each, whose plan is printed
    "trips_city_city": ["FR", "Paris", "SN", "Dakar"],
    "trips_city_point": ["FR", "Paris", 1472, -1747, 50],
    "trips_point_city": [4886, 235, 50, "SN", "Dakar"],
    "trips_point_point": [4886, 235, 50, 1472, -1747, 50],
}


def cities_make(draw):
    """Rank 0 and 1 are the hot route's ends; the higher the rank, the fewer trips."""
    made = [PARIS, DAKAR]
    for rank in range(2, CITIES + 1):
        made.append((draw.choice(("FR", "SN", "ML", "CI", "CM", "BE", "IT", "ES")), f"City{rank}",
                     draw.randint(-3000, 5500), draw.randint(-1700, 4500)))
    return made


def load(bus, cities):
    with bus.database_open() as owner:
        owner.execute("create temp table bench_city (rank int, country text, city text, lat_c int, lon_c int)")
        with owner.cursor().copy("copy bench_city from stdin") as copy:
            for rank, city in enumerate(cities):
                copy.write_row((rank, *city))
        owner.execute("select setseed(0.5)")
        owner.execute(LOAD, {"cities": CITIES, "trips": TRIPS})
        owner.execute("vacuum (analyze) state.trip")  # what autovacuum does in its own time
        size = "pg_size_pretty(pg_indexes_size('state.trip'))"
        return owner.execute(f"select count(*), {size} from state.trip").fetchone()


def end_of(draw, city, prefix, circle):
    if not circle:
        return {f"{prefix}_country": city[0], f"{prefix}_city": draw.choice((city[1], city[1].upper()))}
    spot = [f"{value / 100:.2f}" for value in (city[2] + draw.randint(-15, 15), city[3] + draw.randint(-15, 15))]
    first = "" if prefix == "origin" else prefix + "_"
    return {f"{first}near_lat": spot[0], f"{first}near_lon": spot[1],
            f"{first}radius_km": draw.choice((5, 20, 50, 100))}


def search_of(draw, cities):
    """(is it the hot route, its parameters)."""
    hot = draw.random() < 0.3
    ends = (PARIS, DAKAR) if hot else (draw.choice(cities[:30]), draw.choice(cities))
    asked = end_of(draw, ends[0], "origin", draw.random() < 0.5)
    asked |= end_of(draw, ends[1], "destination", draw.random() < 0.5)
    if draw.random() < 0.3:
        asked["min_grams"] = draw.choice((500, 5000, 22900))
    if draw.random() < 0.3:
        asked |= {"max_price": draw.choice((505, 2000, 8000)), "currency": draw.choice(("XOF", "EUR"))}
    if draw.random() < 0.5:
        asked["limit"] = draw.choice((10, 50, 100))
    return hot, asked


def pages(client, draw, cities):
    """Answers of searches, page after page of some: (seconds, hot, depth, items), for ever."""
    while True:
        hot, asked = search_of(draw, cities)
        for depth in range(draw.choice((1, 1, 1, 30))):
            began = time.perf_counter()
            reply = client.get("/v1/trips?" + urlencode(asked))
            took = time.perf_counter() - began
            assert reply.status == 200, (asked, reply)
            page = json.loads(reply.body)
            yield took * 1000, hot, depth, len(page["items"])
            if "next" not in page:
                break
            asked["next"] = page["next"]


def plan_of(owner, name, values):
    """The statement inside a function, planned and run with its arguments as parameters."""
    source, names, types = owner.execute(
        "select prosrc, proargnames, proargtypes::regtype[]::text[] from pg_proc where proname = %s", [name]).fetchone()
    statement = re.search(r"return query\s+(.*?);", source, re.DOTALL).group(1)
    for variable, call in re.findall(r"(\w+) constant bigint\[\] := (bus\.squares\(.*?\));", source):
        statement = re.sub(rf"\b{variable}\b", f"(select {call})", statement)
    for number, argument in enumerate(names[:len(types)], 1):
        statement = re.sub(rf"(?<![.\w]){argument}\b", f"${number}", statement)
    owner.execute(f"prepare {name} ({', '.join(types)}) as {statement}")
    values = values + ["now", str(uuid.UUID(int=0)), "2100-01-01", 5000, 3000, "XOF", 20]
    call = ", ".join(f"'{value}'" for value in values)
    told = owner.execute(f"explain (analyze, timing off, costs off) execute {name}({call})").fetchall()
    return [row[0].replace("\n", "\\n") for row in told]


def plans_say(bus, say):
    with bus.database_open() as owner:
        owner.execute("set plan_cache_mode = force_generic_plan")
        owner.execute("set jit = off")
        for name, values in SHAPES.items():
            say(f"  {name}:")
            for line in plan_of(owner, name, values):
                say("    " + (line if len(line) < 150 else line[:147] + "…"))


def measure(bus, say):
    """Row of the table; the bus has colis-query alone."""
    draw = random.Random(20261122)
    cities = cities_make(draw)
    count, indexes = load(bus, cities)
    say(f"  search: {count} trips, indexes {indexes}")
    plans_say(bus, say)
    answers = pages(Client(bus.url("query"), token_of(uuid.uuid4())), draw, cities)
    for _ in range(WARM):
        next(answers)
    found = [next(answers) for _ in range(SEARCHES)]
    took = [row[0] for row in found]
    p50, p99 = percentile(took, 50), percentile(took, 99)
    parts = {"hot": [row for row in found if row[1]], "others": [row for row in found if not row[1]],
             "behind the first page": [row for row in found if row[2]]}
    for name, rows in parts.items():
        say(f"  search, {name}: {len(rows)}, p50 {percentile([row[0] for row in rows], 50):.1f} ms, "
            f"p99 {percentile([row[0] for row in rows], 99):.1f} ms")
    empty, items = sum(row[3] == 0 for row in found), sum(row[3] for row in found)
    return [(f"search: GET /v1/trips among {count:,} trips, {SEARCHES} searches one after the other", "p99 ≤ 20 ms",
             f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", p99 <= 20,
             f"slowest {max(took):.1f} ms; {items / len(found):.0f} trips a page, {empty} empty")]
