"""The server: finds the account a request belongs to and hands it to the API, the hosted page or the control."""
import pathlib
from typing import Any

from . import api, checks, control, deliver, http1, merchant, page, v4, wire
from .account import Account, Record, Refused
from .journal import Journal
from .v3 import V3
from .v4 import V4

STRAY_MOST = 1000


class Provider:
    """All accounts, by name, with what the journal remembers of them."""

    def __init__(self, journal: pathlib.Path, base: str) -> None:
        self.base = base
        self.journal = Journal(journal)
        self.accounts = {name: self._account(name, tables) for name, tables in self.journal.accounts.items()}
        self.journal.accounts = {}
        self.stray: list[Record] = []

    def resume(self) -> None:
        for account in self.accounts.values():
            account.resume()
            deliver.resume(account)

    def _account(self, name: str, tables: Any = None) -> Account:
        account = Account(name, self.journal, tables)
        account.actions = merchant.ACTIONS
        return account

    async def answer(self, request: http1.Request) -> http1.Reply:
        first, *rest = request.path[1:].split("/")
        if request.path == "/healthz":
            return http1.Reply(200, b"ok\n", type="text/plain")
        if first == "control":
            return await self._control(request, rest)
        if first == "pay" and len(rest) == 2 and rest[0] in self.accounts:
            return page.visit(self.accounts[rest[0]], rest[1], request)
        return await self._api(request, V4 if first in ("v4", "idp") else V3)

    async def _api(self, request: http1.Request, version: api.Version) -> http1.Reply:
        account = self._owner(request, version)
        if account is None:
            return self._unknown(request, api.reply(401, version.error(401, "Invalid authorization key")))
        return await api.answer(account, version, request, self.base)

    def _owner(self, request: http1.Request, version: api.Version) -> Account | None:
        """The account of a secret key, or of a token that still lives."""
        if request.path == v4.TOKEN_PATH:
            return self.accounts.get(checks.form_of(request).get("client_id", ""))
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme != "Bearer":
            return None
        if version is V3:
            return self.accounts.get(token.removeprefix("FLWSECK-")) if token.startswith("FLWSECK-") else None
        account = self.accounts.get(token.rpartition(".")[0])
        return account if account and v4.token_is_good(account, token) else None

    def _unknown(self, request: http1.Request, reply: http1.Reply) -> http1.Reply:
        """Nobody's violation: it is kept beside the accounts."""
        self.stray.append({"method": request.method, "path": request.path, "status": reply.status})
        del self.stray[:-STRAY_MOST]
        return reply

    async def _control(self, request: http1.Request, pieces: list[str]) -> http1.Reply:
        if pieces == ["violations"]:
            return api.reply(200, self.stray)
        if pieces == ["accounts"]:
            return api.reply(200, sorted(self.accounts))
        if len(pieces) < 2 or pieces[0] != "accounts":
            return api.reply(404, {"error": "no such thing"})
        name = pieces[1]
        if len(pieces) == 2 and request.method in ("PUT", "DELETE"):
            return self._manage(request, name)
        if name not in self.accounts:
            return api.reply(404, {"error": f"no account {name}"})
        return await control.say(self.accounts[name], request, pieces[2:])

    def _manage(self, request: http1.Request, name: str) -> http1.Reply:
        """PUT makes an account, or changes settings of one that is there; DELETE forgets everything of it."""
        if request.method == "DELETE":
            self._forget(name)
            return api.reply(200, {})
        try:
            return api.reply(200, self._made(name, request.body))
        except (ValueError, Refused) as error:
            return api.reply(400, {"error": str(error)})

    def _made(self, name: str, body: bytes) -> Record:
        account = self.accounts.get(name) or self._account(name)
        account.configure(wire.parse(body) if body else {})
        self.accounts[name] = account
        self.journal.commit()
        return control.settings(account)

    def _forget(self, name: str) -> None:
        account = self.accounts.pop(name, None)
        if account:
            account.forget()
            self.journal.commit()
