"""Waiting for the thing itself: the one place in the tests that lets a moment pass between two looks."""
import os
import time

PATIENCE = float(os.environ.get("COLIS_PATIENCE") or 1)  # times every deadline: on a machine that is busy with more
ANSWER = 30 * PATIENCE  # seconds for one answer, of a program or of a server


class Late(AssertionError):
    """What did not happen before its deadline."""


def until(look, deadline=15.0, what="", every=0.01):
    """What look() returns once it is true; Late after the deadline, with the last thing seen."""
    deadline *= PATIENCE
    end = time.monotonic() + deadline
    while True:
        seen = look()
        if seen:
            return seen
        if time.monotonic() > end:
            raise Late(f"{what or look}: not within {deadline} s; last seen: {seen!r:.300}")
        time.sleep(every)


def pause(seconds):
    """The pace of a load generator or the instant of a fault; never a wait for something to have happened."""
    if seconds > 0:
        time.sleep(seconds)
