"""Rows of the network: between each program and what it speaks to stands a proxy, and the weather on it turns bad.

Weather comes to one program or to all that speak to that server, one way or both, and goes again. What was held arrives
late, or is lost with its connection.
"""
import functools
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from harness import places
from harness.provider import merchant
from harness.until import pause, until
from proxy import DOWN, UP, Lines, Weather
from round import PROGRAMS, Town
from row import Row

# Who speaks to whom, by the setting that says where.
SPEAKERS = {"kafka": tuple(name for name in PROGRAMS if name != "query"),
            "postgres": tuple(name for name in PROGRAMS if name not in ("ingress", "webhooks", "history")),
            "mongo": ("history", "query"), "provider": ("payments",), "webhooks": ("provider",), "mail": ("notifier",)}
WAYS = ((UP, DOWN), (UP,), (DOWN,))
LATE = 0.2     # seconds
LONGEST = 120  # seconds; each length from one to two as likely as from 60 to 120
COMMITTERS = ("projector", "projector", "notifier", "payments")  # who commits all the time, the projector most


class NetTown(Town):
    """A town with a proxy on every line between a program and a server, and between the provider and our webhooks."""

    def __init__(self, folder):
        self.lines = Lines(folder.name)
        super().__init__(folder)

    def line(self, label, server, target, protocol=None):
        return self.lines.lay(f"{label}/{server}", target, protocol)

    @property
    def provider(self):
        if self._provider is None:
            webhooks = self.line("provider", "webhooks", self.ports["webhooks"])
            self._provider = merchant(f"http://{places.HOST}:{webhooks.port}", self.double.url, transfer_seconds=1,
                                      webhook_version="mixed", v3_shape="mixed")
        return self._provider

    def settings(self, name, instance=1):
        told = super().settings(name, instance)
        label = name if instance == 1 else f"{name}-{instance}"
        for setting, server in (("COLIS_MONGO_URL", "mongo"), ("COLIS_SMTP_URL", "mail"),
                                ("COLIS_FLUTTERWAVE_URL", "provider")):
            if setting in told:
                told[setting] = self.moved(told[setting], label, server)
        broker = int(told["COLIS_KAFKA_BROKERS"].rpartition(":")[2])
        told["COLIS_KAFKA_BROKERS"] = f"{places.HOST}:{self.line(label, 'kafka', broker, 'kafka').port}"
        if "COLIS_POSTGRES_URL_FILE" in told:
            told["COLIS_POSTGRES_URL_FILE"] = self.secret_moved(told["COLIS_POSTGRES_URL_FILE"], label)
        return told

    def moved(self, url, label, server, protocol=None):
        port = urlsplit(url).port
        return url.replace(f":{port}", f":{self.line(label, server, port, protocol).port}")

    def secret_moved(self, file, label):
        """A secret file of its own, with the proxy's port in it."""
        with open(file) as secret:
            url = self.moved(secret.read().strip(), label, "postgres", "postgres")
        path = self.folder / f"{label}.postgres_url"
        path.touch(0o600)
        path.write_text(url)
        return str(path)

    def proxies(self, server, names):
        return [self.lines.proxies[f"{name}/{server}"] for name in names]

    def close(self, drop=True):
        try:
            super().close(drop)
        finally:
            self.lines.end()


@dataclass(frozen=True)
class Storm:
    """One piece of weather, as the seed has it."""
    names: tuple
    kind: str
    ways: tuple
    seconds: float
    is_reset: bool  # at its end: what was held is lost with its connection
    size: float

    def weather(self):
        return {"hold": Weather(is_held=True), "delay": Weather(jitter=LATE), "lossy": Weather(loss=self.size * 0.3),
                "narrow": Weather(rate=500 + self.size * 20_000)}.get(self.kind)

    def __str__(self):
        way = "both ways" if len(self.ways) == 2 else self.ways[0]
        return f"{self.kind} {'' if self.kind in ('cut', 'refuse') else way + ' '}at {', '.join(self.names)}"


KINDS = ("cut", "hold", "refuse", "delay", "lossy", "narrow")


def storm_of(chance, server, is_long, kinds=KINDS):
    """The next one: chance alone decides."""
    speakers = SPEAKERS[server]
    names = speakers if chance.random() < 0.3 else (chance.choice(speakers),)
    kind, ways = chance.choice(kinds), chance.choice(WAYS)
    seconds = LONGEST ** chance.random() if is_long else chance.uniform(1, 8)
    return Storm(names, kind, ways, seconds, chance.random() < 0.5, chance.random())


def storms(chance, server, count, is_long):
    """So many, each kind once before any is twice."""
    kinds = []
    for _ in range(count):
        kinds = kinds or chance.sample(KINDS, len(KINDS))
        yield storm_of(chance, server, is_long, (kinds.pop(),))


def weathered(round, server, shown=False):
    """Weather on the lines to one server; the time to recover counts from its end."""
    plan = list(storms(round.random, server, round.count, round.is_long))
    for number, storm in zip(round.faults(), plan):
        round.moment(0.1, 0.5)
        round.note(f"{storm} for {storm.seconds:.1f} s, {server}", number)
        proxies = round.bus.proxies(server, storm.names)
        befall(proxies, storm)
        round.resumed(time.monotonic(), shown)


def befall(proxies, storm):
    try:
        for proxy in proxies:
            if storm.kind == "refuse":
                proxy.refuse()
            elif storm.kind == "cut":
                proxy.cut()
            else:
                proxy.weather_set(storm.weather(), *storm.ways)
        if storm.kind != "cut":
            pause(storm.seconds)
    finally:
        for proxy in proxies:
            if storm.is_reset:
                proxy.cut()
            proxy.heal()


def commit_cut(round):
    """The server commits, and its word of it is cut off: whoever committed must find out, not guess."""
    for number in round.faults():
        name = round.random.choice(COMMITTERS)
        proxy, = round.bus.proxies("postgres", (name,))
        round.note(f"the reply to the next COMMIT of {name} is cut off", number)
        before = proxy.commits_cut
        proxy.commits_cut_next(1)
        until(lambda: proxy.commits_cut > before, 60, f"a commit of {name} was cut", every=0.005)
        since = time.monotonic()
        if number % 5 == 0 or number == round.count:
            round.resumed(since)


def weather_row(server, what, **more):
    short = more.pop("short", 6)
    return Row(f"net-{server}", 6, f"bad weather between {what}", functools.partial(weathered, server=server, **more),
               short=short, town=NetTown, group="net")


ROWS = (weather_row("kafka", "programs and the broker"),
        weather_row("postgres", "programs and PostgreSQL"),
        weather_row("mongo", "history, query and MongoDB", shown=True, short=3),
        weather_row("provider", "payments and the provider", short=3),
        weather_row("webhooks", "the provider and our webhooks", short=2),
        weather_row("mail", "the notifier and its mail server", short=2),
        Row("commit-cut", 6, "the reply to a COMMIT is cut off after the server committed", commit_cut, short=20,
            long=1000, town=NetTown, group="net"))
