"""The ledger of offsets: each offset of the commands was passed once, by the transaction that decided what is there.

A trigger of the test's own notes every step of the projector's positions with its transaction, and PostgreSQL knows of
each verdict which transaction made it. So the steps of a partition must follow each other without a gap or a return up
to its last command, and each command must have been decided in the step that passed it or a copy of it, or be parked,
or have been decided by the transaction that took it off the parked ones.
"""
import bisect
import collections

WATCH = """
create schema audit;
create table audit.step (n bigint generated always as identity, partition int not null, old bigint, new bigint not null,
    transaction text not null);
create function audit.step_note() returns trigger language plpgsql security definer as $$
begin
    insert into audit.step (partition, old, new, transaction)
        values (new.partition, case when tg_op = 'UPDATE' then old.next end, new.next, pg_current_xact_id()::xid::text);
    return null;
end $$;
create trigger audit_step after insert or update on bus.position for each row
    when (new.reader = 'projector' and new.topic = 'commands') execute function audit.step_note();
create table audit.release (transaction text not null);
create function audit.release_note() returns trigger language plpgsql security definer as $$
begin
    insert into audit.release (transaction) values (pg_current_xact_id()::xid::text);
    return null;
end $$;
create trigger audit_release after delete on bus.parked for each row execute function audit.release_note();
insert into audit.step (partition, new, transaction) select partition, next, '' from bus.position
    where reader = 'projector' and topic = 'commands';
"""
STEPS = "select partition, old, new, transaction from audit.step order by n"
DECIDED = """select id::text, xmin::text from bus.verdict
    where xmin::text not in (select transaction from audit.release)"""
PARKED = 'select partition, "offset" from bus.parked'


class Offsets:
    """watch() while nothing has been asked yet; check() at rest."""

    def __init__(self, bus):
        self.bus = bus

    def watch(self):
        self.bus.rows(WATCH)

    def check(self, ledger):
        steps = collections.defaultdict(list)
        for partition, old, new, transaction in self.bus.rows(STEPS):
            steps[partition].append((old, new, transaction))
        offsets_check(ledger.find, steps, ledger.commands, dict(self.bus.rows(DECIDED)), set(self.bus.rows(PARKED)))


def offsets_check(find, steps, commands, decided, parked):
    """steps: {partition: [(old, new, transaction)]}, old None where the position was made; commands: messages of the
    topic; decided: {id: transaction of its verdict}; parked: {(partition, offset)}."""
    passed = {partition: _passed(find, partition, of_one) for partition, of_one in steps.items()}
    places = collections.defaultdict(list)
    for message in commands:
        transaction = _at(passed.get(message.partition, []), message.offset)
        if transaction is None:
            find("lost-write", f"offset {message.partition}:{message.offset} was passed by no position")
        places[message.id].append(transaction)
    again = {transaction for of_one in steps.values() for old, new, transaction in of_one if old == new}
    for message in commands:
        transaction = decided.get(message.id)
        if transaction and transaction not in places[message.id] and transaction not in again and \
                (message.partition, message.offset) not in parked:
            find("inconsistent-offsets", f"command {message.id} at {message.partition}:{message.offset} was decided by "
                                         f"transaction {transaction}, passed by {places[message.id]}")


def _passed(find, partition, steps):
    """[(first offset, end, transaction)] in order; a released command moves nothing."""
    found, at = [], steps[0][1]
    for old, new, transaction in steps[1:]:
        if old != at:
            find("inconsistent-offsets", f"partition {partition} was at {at}, then moved from {old} to {new}")
        if new < at:
            find("nonmonotonic-poll", f"partition {partition} went back from {at} to {new}: commands read twice")
        if new > at:
            found.append((at, new, transaction))
        at = new
    return found


def _at(passed, offset):
    """The transaction that passed the offset; None where none did."""
    index = bisect.bisect_right(passed, offset, key=lambda step: step[0]) - 1
    return passed[index][2] if index >= 0 and offset < passed[index][1] else None
