"""Time that passes: whatever a bus has stored moves into the past, so that the present is as much later for it.

What is due comes due, by itself and in its order, and is decided as if it had been waited for.
"""
import datetime
import re
import subprocess

MOMENT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
COLUMNS = """select table_schema || '.' || table_name, column_name, data_type from information_schema.columns
    where data_type in ('timestamp with time zone', 'jsonb')
    and (table_schema, table_name) in (select table_schema, table_name from information_schema.tables
        where table_type = 'BASE TABLE' and (table_schema = 'state' or table_name = 'payment_task'))"""
DUE = """update bus.outbox_command set due = due - %(by)s, value = regexp_replace(value, '"due":"[^"]*"', '"due":"' ||
    regexp_replace(to_char((due - %(by)s) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), '[.]000$', '') ||
    'Z"')
    where due > '-infinity'"""


def _earlier(text, by):
    def move(found):
        when = datetime.datetime.fromisoformat(found.group(1)) - by
        return when.astimezone(datetime.timezone.utc).strftime('"%Y-%m-%dT%H:%M:%S.%f')[:-3] + 'Z"'
    return MOMENT.sub(move, text)


def _lists_move(database, table, column, by):
    """Moments inside of lists: attempts to pay, marks of fault."""
    for row, text in database.execute(f"select id, {column}::text from {table}").fetchall():
        if MOMENT.search(text or ""):
            database.execute(f"update {table} set {column} = %s where id = %s", [_earlier(text, by), row])


def passes(bus, **delta):
    """passes(bus, hours=24): the locks keep everybody out who decides, sends or pays, as one transaction would."""
    by = datetime.timedelta(**delta)
    with bus.database_open() as database, database.transaction():
        database.execute("lock table bus.position, bus.outbox_command, bus.payment_task in exclusive mode")
        columns = database.execute(COLUMNS).fetchall()
        for table in {table for table, _, _ in columns}:
            moments = [name for of, name, type in columns if of == table and type != "jsonb"]
            moved = ", ".join(f'"{name}" = "{name}" - %(by)s' for name in moments)
            if moved:
                database.execute(f"update {table} set {moved}", {"by": by})
        for table, name, type in columns:
            if type == "jsonb":
                _lists_move(database, table, name, by)
        database.execute(DUE, {"by": by})
        database.execute("notify outbox")
        database.execute("notify payment_task")


def timers(bus, aggregate):
    """(id, command, due) of what is armed for booking/…, trip/…, in the order it comes due."""
    return bus.rows("select event::text, regexp_replace(headers::jsonb ->> 'ce_type', '\\.v1$', ''), due "
                    "from bus.outbox where topic = 'commands' and due is not null and aggregate = %s "
                    "order by due, id", aggregate)


def due_move(bus, aggregate, **delta):
    """The database's clock is off by so much for the timers of one aggregate; what they say is as it was."""
    bus.rows("update bus.outbox_command set due = due + %s where due > '-infinity' and aggregate = %s",
             datetime.timedelta(**delta), aggregate)
    bus.rows("notify outbox")


WRONG = """
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
        now->tv_sec += OFF;
    return (int)result;
}
int gettimeofday(struct timeval *now, void *zone)
{
    struct timespec read;
    (void)zone;
    clock_gettime(CLOCK_REALTIME, &read);
    now->tv_sec = read.tv_sec;
    now->tv_usec = read.tv_nsec / 1000;
    return 0;
}
time_t time(time_t *now)
{
    struct timespec read;
    clock_gettime(CLOCK_REALTIME, &read);
    if (now)
        *now = read.tv_sec;
    return read.tv_sec;
}
"""


def wrong_clock(folder, seconds):
    """What to start a program with so that its machine's clock is off by so much."""
    library = folder / f"clock{seconds:+d}.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-x", "c", f"-DOFF=({seconds})", "-o", library, "-"], check=True,
                   input=WRONG, text=True)
    return {"LD_PRELOAD": str(library)}
