"""A bus of a test's own: a namespace on the shared servers and the programs it needs, on free ports."""
import pathlib
import secrets
import subprocess

import psycopg
import pymongo
from harness import places
from harness.person import Person
from harness.program import Program
from harness.provider import merchant
from harness.topics import Topics
from harness.until import PATIENCE

ALL = ("projector", "relay", "history", "notifier", "query", "ingress", "webhooks")
MARKET = ("projector", "relay", "history", "payments", "query", "ingress", "webhooks")  # where money moves
SERVING = ("ingress", "query", "webhooks")
PRODUCING = ("ingress", "webhooks")  # with a client who waits for the acknowledgement
KEYS = {"ingress": ("link_key",), "projector": ("handover_key",), "notifier": ("handover_key", "link_key"),
        "query": ("handover_key", "link_key", "qr_key"), "webhooks": ("flutterwave_secrets",)}


class Bus:
    """Namespace, programs by name, and what looks into each store."""

    # On a machine that is busy an acknowledgement may take seconds: no 503 for it, no mail sent once more, no end that
    # is cut short. Less than what a client waits.
    PATIENT = {"": {"COLIS_SERVICE_DEADLINE_MS": str(int(10_000 * PATIENCE))},
               **dict.fromkeys(PRODUCING, {"COLIS_KAFKA_LATE_MS": "15000", "COLIS_KAFKA_DELIVERY_MS": "25000"}),
               **dict.fromkeys(("history", "query"), {"COLIS_MONGO_TIMEOUT_MS": "10000"}),
               "notifier": {"COLIS_SMTP_TIMEOUT_MS": "30000"}}

    def __init__(self, folder, programs=ALL, settings=None, namespace=None):
        self.namespace = namespace or "t" + secrets.token_hex(5)
        self.folder = pathlib.Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.wanted, self.extra = programs, settings or {}
        self.ports = {name: places.free_port() for name in SERVING}
        self.programs = {}
        self.topics = Topics(self.namespace)
        self._database = None
        self._mongo = None
        self._provider = None

    # --- a bus begins and ends ---

    def open(self):
        self.migrate()
        for name in self.wanted:
            self.add(name)
        for program in self.programs.values():
            program.await_ready()
        return self

    def migrate(self, *flags):
        command = [places.INFRA / "migrate", "--namespace", self.namespace, *flags]
        answer = subprocess.run(command, capture_output=True, text=True)
        assert answer.returncode == 0, answer.stdout + answer.stderr

    def add(self, name, instance=1, **settings):
        """Starts one more program; NAME in programs, NAME-2 for a second one of a kind."""
        label = name if instance == 1 else f"{name}-{instance}"
        told = self.settings(name, instance) | self.extra.get(name, {}) | settings
        self.programs[label] = self.program(name, told, self.folder / f"{label}.log").start()
        return self.programs[label]

    def program(self, name, settings, log):
        """The process to be: other kinds of bus have other kinds."""
        return Program(name, settings, log)

    def close(self, drop=True):
        """Every program must end by itself; the namespace goes whatever happened."""
        complaints = []
        for program in reversed(list(self.programs.values())):
            try:
                program.stop()
            except AssertionError as error:
                complaints.append(str(error))
        if self._database:
            self._database.close()
        if self._mongo:
            self._mongo.close()
        if self._provider:
            complaints += self._provider.violations()
            self._provider.forget()
        if drop:
            self.migrate("--drop")
        assert not complaints, "\n".join(complaints)

    def __enter__(self):
        try:
            return self.open()
        except BaseException:
            self.abandon()
            raise

    def __exit__(self, kind, error, trace):
        if kind is None:
            self.close()
        else:
            self.abandon()

    def abandon(self):
        """After a failure: no more assertions, nothing left running."""
        for program in self.programs.values():
            if program.alive:
                program.kill()
        self.programs.clear()
        self.close()

    def __getattr__(self, name):
        try:
            return self.__dict__["programs"][name]
        except KeyError:
            raise AttributeError(name) from None

    # --- what a program is told ---

    def settings(self, name, instance=1):
        environment = places.servers()
        told = {"COLIS_NAMESPACE": self.namespace, "COLIS_KAFKA_BROKERS": environment["COLIS_KAFKA_BROKERS"],
                "COLIS_MANAGEMENT_HOST": places.HOST, "COLIS_MANAGEMENT_PORT": str(places.free_port()),
                "COLIS_INSTANCE": f"{name}-{instance}"}
        if name in SERVING:
            told |= self._settings_http(name, instance)
        told |= self.PATIENT.get("", {}) | self.PATIENT.get(name, {})
        told |= {f"COLIS_{key.upper()}_FILE": places.secret_file(key) for key in KEYS.get(name, ())}
        if name == "notifier":
            told |= {"COLIS_SMTP_URL": environment["COLIS_SMTP_URL"], "COLIS_MAIL_FROM": "colis@example.org"}
        if name in ("history", "query"):
            told["COLIS_MONGO_URL"] = environment["COLIS_MONGO_URL"]
        if name == "payments":
            told |= {"COLIS_FLUTTERWAVE_URL": environment["COLIS_FLUTTERWAVE_URL"],
                     "COLIS_FLUTTERWAVE_SECRET": f"FLWSECK-{self.provider.name}",
                     "COLIS_FLUTTERWAVE_REDIRECT_URL": self.url("ingress") + "/paid"}
        if name not in ("ingress", "webhooks", "history"):
            told["COLIS_POSTGRES_URL_FILE"] = places.secret_file(f"postgres_url_{name}")
        return told

    def _settings_http(self, name, instance):
        environment = places.servers()
        port = self.ports[name] if instance == 1 else places.free_port()
        return {"COLIS_LISTEN_HOST": places.HOST, "COLIS_LISTEN_PORT": str(port),
                "COLIS_QUERY_URL": self.url("query"),
                "COLIS_TOKEN_SECRET_FILE": environment["COLIS_TOKEN_SECRET_FILE"],
                "COLIS_TOKEN_ISSUER": environment["COLIS_TOKEN_ISSUER"], "COLIS_TOKEN_AUDIENCE": "authenticated",
                "COLIS_SERVER_KEY_FILE": environment["COLIS_SERVER_KEY_FILE"]}

    def url(self, name):
        return f"http://{places.HOST}:{self.ports[name]}"

    # --- who uses it, and what looks into it ---

    def person(self, **claims):
        return Person(self.url("ingress"), self.url("query"), **claims)

    def database_open(self):
        """A connection of one's own, as the owner."""
        return psycopg.connect(places.servers()["COLIS_POSTGRES_URL"] + "/" + self.namespace, autocommit=True)

    def rows(self, query, *values):
        if self._database is None or self._database.closed:
            self._database = self.database_open()
        cursor = self._database.execute(query, values)
        return cursor.fetchall() if cursor.description else []

    def value(self, query, *values):
        found = self.rows(query, *values)
        return found[0][0] if found else None

    def at_rest(self):
        """Nothing is under way: everything asked is decided, all facts are published."""
        ends = sum(self.topics.ends("commands").values())
        decided = self.value("select sum(greatest(next, 0))::int from bus.position where reader = 'projector'")
        waiting = self.value("select count(*) from bus.outbox where topic <> 'commands' "
                             "or coalesce(due, now()) <= now()")
        return (decided, waiting) == (ends, 0)

    @property
    def provider(self):
        """The account at the double of the payment provider; what it was asked wrongly is complained of at the end."""
        if self._provider is None:
            self._provider = merchant(self.url("webhooks"))
        return self._provider

    @property
    def mongo(self):
        if self._mongo is None:
            self._mongo = pymongo.MongoClient(places.servers()["COLIS_MONGO_URL"],
                                              serverSelectionTimeoutMS=int(5000 * PATIENCE))
        return self._mongo[self.namespace]
