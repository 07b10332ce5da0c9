"""Rows where a store goes back in time, or a topic is not what it was.

restored puts the town's own database back to an earlier moment, under load and under whoever is connected. The others
break topics of a small bus of their own, beside the town: what was lost there for good is no promise of the bus, what
it must do is to stop, say how much is missing, and go on once an operator has decided what that is worth.
"""
import contextlib
import os
import signal
import subprocess

import confluent_kafka
import psycopg
from bson.int64 import Int64
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource
from harness import backup, places
from harness.bus import Bus
from harness.journey import Journey
from harness.person import PARCEL
from harness.program import KEPT
from harness.until import pause, until
from round import PROGRAMS, Town
from row import Row

LOST = "PostgreSQL lost time"
WARY = ("projector", "relay", "payments", "notifier")
BACK = 0
# A restored row's writer is the restore: what the judge of offsets kept of transactions is said of that one.
SAME_WRITER = """update audit.step set transaction = coalesce((select xmin::text from bus.verdict limit 1), '');
    delete from audit.release"""
# What an operator says, and nothing else: docs/operations.md, A topic is not what it was.
READER_AT = "update bus.position set next = %s where reader = %s and topic = %s and partition = %s"
RELAY_AT = "update bus.relay_position set next = %s where topic = %s and partition = %s"


# --- PostgreSQL put back ---

def recovery(bus):
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return subprocess.Popen([places.binary("projector"), "--recover"], env=kept | bus.settings("projector"),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def says_lost(bus, name):
    """Whether it stands still, and why. One that was killed meanwhile comes back to say so."""
    status, text = bus.programs[name].probe()
    return status == 503 and LOST in text


def recover(round, kills):
    """Cut at random instants, then let be."""
    for _ in range(kills):
        program = recovery(round.bus)
        pause(round.random.uniform(0, 0.6))
        program.send_signal(signal.SIGKILL)
        program.communicate()
    program = recovery(round.bus)
    printed, _ = program.communicate(timeout=300)
    assert program.returncode == BACK, f"--recover: {program.returncode}: {printed[-1500:]}"
    return printed.splitlines()[-2:]


def restored(round):
    """A backup, some time under load, the database put back; everybody stands still; --recover, killed and again.

    Time is lost only where something was published in it: a fact is, at least.
    """
    for number in round.faults():
        file = round.bus.folder / "backup"
        backup.take(round.bus, file)
        round.moment(1, 4)
        round.bus.topics.await_facts("parcel", f"parcel/{round.bus.person().registered()}", deadline=60)
        round.note("PostgreSQL put back to an earlier moment", number)
        backup.put_back(round.bus, file)
        round.bus.rows(SAME_WRITER)
        for name in WARY:
            until(lambda name=name: says_lost(round.bus, name), 40, f"{name} says that {LOST}", every=0.05)
        if round.random.random() < 0.5:
            round.kill(round.random.choice(WARY))  # one that starts in the middle of it sees it, too
        round.say("  " + "; ".join(recover(round, round.random.randrange(3))))
        for name in WARY:
            until(round.bus.programs[name].ready, 60, f"{name} ready again", every=0.05)


# --- topics that are not what they were ---

class Hamlet(Bus):
    """A small bus of a row's own, beside the town."""

    PATIENT = Town.PATIENT
    person = Town.person

    def __init__(self, round, number):
        super().__init__(round.bus.folder / f"hamlet-{number}", PROGRAMS)
        self.cut_at = {}  # lines of its log, by name
        self.admin = AdminClient({"bootstrap.servers": places.servers()["COLIS_KAFKA_BROKERS"], "log_level": 0})

    def forget(self, topic, partition, before):
        """DeleteRecords: the log of that partition begins at before from now on."""
        place = confluent_kafka.TopicPartition(f"{self.namespace}.{topic}", partition, before)
        for future in self.admin.delete_records([place]).values():
            future.result(30)

    def recreate(self, topic):
        """The topic deleted, and made anew by infra/migrate, as it was made at first: empty."""
        for future in self.admin.delete_topics([f"{self.namespace}.{topic}"]).values():
            future.result(30)
        until(lambda: f"{self.namespace}.{topic}" not in self.topics.names(), 30, f"{topic} is gone")
        self.migrate()

    def retention(self, topic, milliseconds):
        resource = ConfigResource(ConfigResource.Type.TOPIC, f"{self.namespace}.{topic}", incremental_configs=[
            ConfigEntry("retention.ms", str(milliseconds), incremental_operation=AlterConfigOpType.SET)])
        for future in self.admin.incremental_alter_configs([resource]).values():
            future.result(30)

    def cut(self, *names):
        """kill -9, and started again."""
        for name in names:
            self.programs[name].kill()
            self.cut_at[name] = len(self.programs[name].log_lines())
            self.programs[name].start()

    @contextlib.contextmanager
    def stopped(self, *names):
        """They are stopped meanwhile, and ready behind it."""
        for name in names:
            self.programs[name].stop()
        yield
        for name in names:
            self.programs[name].start().await_ready()

    def says(self, name, what):
        """Waits until it is not ready, and its log has said so since it was cut."""
        program, since = self.programs[name], self.cut_at.get(name, 0)
        until(lambda: any(what in f"{line.get('err')} {line.get('message')}" for line in program.log_lines()[since:]),
              40, f"{name} says: {what}", every=0.05)
        until(lambda: program.probe()[0] == 503, 40, f"{name} is not ready", every=0.05)

    def readers_begin(self, topic, *readers):
        """Readers of a topic made anew go on at its beginning, the history too."""
        for partition in self.topics.ends(topic):
            for reader in readers:
                self.rows(READER_AT, 0, reader, topic, partition)
            self.mongo.position.update_one({"_id": f"history:{topic}"}, {"$set": {f"next.{partition}": Int64(0)}})

    def relay_begins(self, topic):
        for partition, end in self.topics.ends(topic).items():
            self.rows(RELAY_AT + " and next > %s", 0, topic, partition, end)

    def asked(self, person, count):
        """That many commands of one person, taken: ([202 body], their partition, the offset of each): of the first of
        its copies, as who is not answered asks again."""
        taken = [person.register(key=f"{person.id}/{number}") for number in range(count)]
        copies = {message.id: message for message in reversed(self.topics.read("commands"))}
        found = [copies[one["id"]] for one in taken]
        return taken, found[0].partition, [message.offset for message in found]


def hamlets(round, what):
    """One for each fault."""
    for number in round.faults():
        round.note(what, number)
        with Hamlet(round, number) as bus:
            yield bus


def expect(round, is_so, text, counts="broken"):
    if not is_so:
        round.find("not-as-told", text, counts)


def decided(person, taken):
    return person.verdict(taken)["state"] == "accepted"


def settled(bus):
    """Until all that was asked is decided, and published with the markers behind it."""
    until(bus.at_rest, 30, "nothing is under way")
    bus.topics.read("parcel", whole=True)


def truncated(round):
    """DeleteRecords past a position, of commands and of facts: that partition stops and says how many are missing."""
    for bus in hamlets(round, "records deleted past the positions of projector and notifier"):
        commands_truncated(round, bus)
        facts_truncated(round, bus)


def commands_truncated(round, bus):
    person, gone = bus.person(), round.random.randint(1, 3)
    person.registered()
    settled(bus)
    bus.projector.stop()
    taken, partition, offsets = bus.asked(person, 4)
    begin = offsets[gone]
    bus.forget("commands", partition, begin)
    bus.projector.start()
    bus.says("projector", f"the log begins at {begin}: {begin - offsets[0]} records are missing")
    others = [bus.person() for _ in range(8)]  # twelve partitions: hardly all of them on that one
    verdicts = [other.get(other.status_url(other.register()), params={"wait": "5"}).status_code for other in others]
    expect(round, 200 in verdicts, f"no other partition goes on: {verdicts}")
    # The operator: what is gone is gone. On from what there is; who was not answered asks again, with the same key.
    with bus.stopped("projector"):
        bus.rows(READER_AT, begin, "projector", "commands", partition)
    for one in taken[gone:]:
        expect(round, decided(person, one), f"{one['id']} stood behind those missing", "lost")
    for at, one in enumerate(taken[:gone]):
        expect(round, person.get(person.status_url(one)).status_code == 202, f"{one['id']} is gone and decided")
        again = person.register(key=f"{person.id}/{at}")
        expect(round, again["id"] == one["id"] and decided(person, again), f"{one['id']} asked again", "lost")


def facts_truncated(round, bus):
    person = bus.person()
    bus.notifier.stop()
    settled(bus)
    before = bus.topics.ends("parcel")
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")
    [(partition, end)] = [(p, end) for p, end in bus.topics.ends("parcel").items() if end != before[p]]
    bus.forget("parcel", partition, end)
    bus.notifier.start()
    bus.says("notifier", "records are missing")
    bus.cut("relay")  # it stands before the marker of its transaction, which is gone with the fact
    bus.says("relay", "Kafka lost records")
    with bus.stopped("notifier", "relay"):
        bus.rows(READER_AT, end, "notifier", "parcel", partition)
        bus.rows(RELAY_AT, end, "parcel", partition)
    bus.topics.await_facts("parcel", f"parcel/{person.registered()}")


def recreated(round):
    """Topics of facts, then the commands, deleted and made anew: who stands past their ends stops."""
    for bus in hamlets(round, "topics deleted and made anew"):
        facts_recreated(round, bus)
        money_recreated(round, bus)
        commands_recreated(round, bus)


def facts_recreated(round, bus):
    person = bus.person()
    for _ in range(8):  # six partitions
        bus.topics.await_facts("parcel", f"parcel/{person.registered()}")
    until(lambda: bus.mongo.history.count_documents({}) == 8, 30, "the history has them all")
    bus.recreate("parcel")
    bus.cut("notifier", "history")
    bus.says("notifier", "records are missing")
    bus.says("history", "records are missing")
    if round.random.random() < 0.5:
        bus.cut("relay")  # it looks before it publishes; one that goes on is told by the first offset
    late = [person.registered() for _ in range(8)]  # decided; their facts wait, but where nothing had been before
    bus.says("relay", "Kafka lost records")
    with bus.stopped("relay", "notifier", "history"):
        bus.readers_begin("parcel", "notifier")
        bus.relay_begins("parcel")
    for parcel in late:
        found = bus.topics.await_facts("parcel", f"parcel/{parcel}")
        expect(round, len(found) == 1, f"{len(found)} times the fact of parcel/{parcel}", "doubled")
        until(lambda parcel=parcel: bus.mongo.history.find_one({"parcel": parcel}), 30, "the history goes on")


def money_recreated(round, bus):
    """A refund is ordered on the new topic before the place where payments stood in the old one, and is done."""
    journey = Journey(bus, "paid", departs=100)
    settled(bus)
    bus.recreate("payment")
    readers = ("payments", "notifier", "history")
    bus.cut(*readers, "relay")
    for name in readers:
        bus.says(name, "records are missing")
    bus.says("relay", "Kafka lost records")
    told = journey.say(journey.traveller, "cancel", reason="other")
    expect(round, told == "accepted", f"cancelled: {told}")
    with bus.stopped("relay", *readers):
        try:
            bus.relay_begins("payment")
            expect(round, False, "the relay may go on before its readers were set", "lost")
        except psycopg.errors.RaiseException as refused:
            expect(round, "payments at" in str(refused), f"it does not say who stands past it: {refused}")
        bus.readers_begin("payment", "payments", "notifier")
        bus.relay_begins("payment")
    until(lambda: bus.value("select count(*) from bus.payment_task where kind = 'refund' and step = 'done'"), 60,
          "the refund is done")


def put_aside(bus, person, count):
    """That many records nobody can read, of one key, waited for; their offsets."""
    places_written = sorted(bus.topics.write("commands", [(person.id.encode(), [], b"{}")] * count))
    for place in places_written:
        until(lambda place=place: bus.rows('select id from bus.parked where partition = %s and "offset" = %s', *place),
              30, f"{place} put aside", every=0.1)
    return [offset for _, offset in places_written]


def commands_recreated(round, bus):
    person = bus.person()
    for _ in range(3):
        person.registered()
    before = put_aside(bus, person, 3)
    bus.recreate("commands")
    bus.says("projector", "the log ends at 0: ")
    with bus.stopped("projector"):
        bus.readers_begin("commands", "projector")
    put_aside(bus, person, before[-1] + 1)  # at the places of those before, too
    kept = [offset for [offset] in bus.rows('select "offset" from bus.parked order by "offset"')]
    expect(round, [offset for offset in kept if offset >= 0] == list(range(before[-1] + 1)) and
           len(kept) == len(before) + before[-1] + 1, f"put aside: {before}, then from 0 on: {kept}", "lost")
    until(lambda: person.post("/v1/parcels", PARCEL).status_code == 202, 30, "commands are taken again", every=0.1)
    expect(round, decided(person, person.register()), "a command on the new topic is not decided", "lost")


def aged_out(round):
    """A projector that is down: no retention may take what is not decided. Where one is set, nobody runs by it."""
    for bus in hamlets(round, "a projector down, a retention set on the commands"):
        person = bus.person()
        person.registered()
        bus.projector.stop()
        taken, _, _ = bus.asked(person, 3)
        bus.retention("commands", 3600000)
        bus.projector.start()
        code = until(lambda: bus.projector.process.poll(), 20, "the projector refuses to run")
        expect(round, code > 0, f"the projector ended with {code}")
        expect(round, "retention" in bus.projector.last_lines(), "it does not say why")
        bus.retention("commands", -1)
        bus.projector.start().await_ready()
        for one in taken:
            expect(round, decided(person, one), f"{one['id']} was taken while nobody decided", "lost")


ROWS = (
    Row("restored", "past", "PostgreSQL put back to an earlier moment, and recovered", restored, short=2, long=50),
    Row("truncated", "past", "records deleted past a position", truncated, short=1, long=10, group="topics"),
    Row("recreated", "past", "topics deleted and made anew", recreated, short=1, long=10, group="topics"),
    Row("aged-out", "past", "commands while no projector runs, a retention set on them", aged_out, short=1, long=10,
        group="topics"),
)
