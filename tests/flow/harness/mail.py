"""The Maildir the mail server writes to, which every bus of this machine shares: mails are told apart by address.

Each file is read once, and those from before this process began never: nobody here waits for them.
"""
import email
import email.policy
import os
import pathlib
import re
import threading
import time

from harness import places
from harness.until import until

BEGAN = time.time() - 5
TO = re.compile(rb"^To:((?:.*\n[ \t])*.*)$", re.M | re.I)  # with the lines it is folded over
_lock, _seen, _kept = threading.Lock(), set(), []


def folder():
    return pathlib.Path(places.servers()["COLIS_MAILDIR"]) / "new"


def _read_new():
    """Takes in the files that are new: (To, bytes) of each."""
    here = folder()
    for entry in os.scandir(here) if here.is_dir() else []:
        if entry.name in _seen:
            continue
        _seen.add(entry.name)
        if entry.stat().st_mtime >= BEGAN:
            data = pathlib.Path(entry.path).read_bytes()
            to = TO.search(data)
            _kept.append((to.group(1).decode() if to else "", data))


def mails(text):
    """Every mail whose To holds the text."""
    with _lock:
        _read_new()
        found = [data for to, data in _kept if text in to]
    return [email.message_from_bytes(data, policy=email.policy.default) for data in found]


def await_mails(address, count=1, deadline=20):
    def look():
        found = mails(address)
        return found if len(found) >= count else None
    return until(look, deadline, f"{count} mails to {address}", every=0.05)
