"""A mail server of a test's own, which answers as it is told: aiosmtpd with a script."""
import email
import email.policy
import threading

from aiosmtpd.controller import Controller
from harness import places


class Handler:
    """Takes the next line of the script for each mail; at the script's end everything is accepted."""

    def __init__(self, server):
        self.server = server

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = self.server.next("MAIL")
        if answer:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = self.server.unwanted.get(address) or self.server.next("RCPT")
        if answer == "hang up":
            server.transport.abort()
            return "421 gone"
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = self.server.next("DATA")
        if answer == "keep and hang up":
            self.server.keep(envelope)
            server.transport.abort()
            return "421 gone"
        if answer == "hang up":
            server.transport.abort()
            return "421 gone"
        if answer == "hold":
            self.server.keep(envelope)
            self.server.held.set()
            await self.server.until_released()
            return "250 OK"
        if answer:
            return answer
        self.server.keep(envelope)
        return "250 OK"


class MailServer:
    """script: (verb, answer) in order; a verb that is not next is accepted. unwanted: answers to RCPT by address, each
    time. more: what aiosmtpd is told besides."""

    def __init__(self, host=places.HOST, **more):
        self.host, self.more = host, more
        self.script, self.unwanted, self.kept, self.lock = [], {}, [], threading.Lock()
        self.held, self.released = threading.Event(), threading.Event()
        self.port = places.free_port()
        self.controller = None

    @property
    def url(self):
        return f"smtp://{self.host}:{self.port}"

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.released.set()
        self.stop()

    def reset(self):
        self.released.set()
        if not self.controller:
            self.start()
        with self.lock:
            self.script, self.unwanted, self.kept = [], {}, []
        self.held, self.released = threading.Event(), threading.Event()

    def start(self):
        self.controller = Controller(Handler(self), hostname=self.host, port=self.port, ready_timeout=60,
                                     **self.more)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop()
            self.controller = None

    def next(self, verb):
        with self.lock:
            if self.script and self.script[0][0] == verb:
                return self.script.pop(0)[1]
        return None

    def keep(self, envelope):
        with self.lock:
            self.kept.append((envelope.rcpt_tos, envelope.content))

    async def until_released(self):
        import asyncio
        await asyncio.get_running_loop().run_in_executor(None, self.released.wait, 30)

    def raw(self, address):
        with self.lock:
            return [content for recipients, content in self.kept if address in recipients]

    def mails(self, address):
        return [email.message_from_bytes(content, policy=email.policy.default) for content in self.raw(address)]
