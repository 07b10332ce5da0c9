"""Time that passes: whatever a bus has stored moves into the past, so that the present is as much later for it.

What is due comes due, by itself and in its order, and is decided as if it had been waited for.
"""
import datetime
import re

MOMENT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z)"')
COLUMNS = """select table_schema || '.' || table_name, column_name, data_type from information_schema.columns
    where data_type in ('timestamp with time zone', 'jsonb')
    and (table_schema, table_name) in (select table_schema, table_name from information_schema.tables
        where table_type = 'BASE TABLE' and (table_schema = 'state' or table_name = 'payment_task'))"""
DUE = """update bus.outbox set due = due - %(by)s, value = regexp_replace(value, '"due":"[^"]*"', '"due":"' ||
    regexp_replace(to_char((due - %(by)s) at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.MS'), '[.]000$', '') ||
    'Z"')
    where topic = 'commands' and due is not null"""


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
    """passes(bus, hours=24): the readers' lock keeps everybody out who decides, as one transaction would."""
    by = datetime.timedelta(**delta)
    with bus.database_open() as database, database.transaction():
        database.execute("lock table bus.position in exclusive mode")
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
    """(command, due) of the timers that are armed for booking/…, trip/…, in the order they come due."""
    return bus.rows("select regexp_replace(headers::jsonb ->> 'ce_type', '\\.v1$', ''), due from bus.outbox "
                    "where topic = 'commands' and due is not null and headers::jsonb ->> 'ce_subject' = %s "
                    "order by due", aggregate)
