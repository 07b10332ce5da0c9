"""The Maildir the mail server writes to, which every bus of this machine shares: mails are told apart by address."""
import email
import email.policy
import functools
import pathlib

from harness import places
from harness.until import until


def folder():
    return pathlib.Path(places.servers()["COLIS_MAILDIR"]) / "new"


@functools.lru_cache(maxsize=65536)
def _read(path):
    return email.message_from_bytes(pathlib.Path(path).read_bytes(), policy=email.policy.default)


def mails(text=""):
    """Every mail whose To holds the text."""
    here = folder()
    found = [_read(str(path)) for path in sorted(here.iterdir())] if here.is_dir() else []
    return [mail for mail in found if text in str(mail["To"])]


def await_mails(address, count=1, deadline=20):
    def look():
        found = mails(address)
        return found if len(found) >= count else None
    return until(look, deadline, f"{count} mails to {address}", every=0.05)
