"""A copy of infra/ in a checkout of its own, where stubs stand for what is dear."""
import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "flow"))

from harness.until import until  # noqa: E402


class Checkout:
    """Its scripts believe that the folder is the whole project."""

    HANGS = """bash -c 'echo $$ >>"$TOLD"; exec tail -f /dev/null'; true"""  # a stub's text: ends only when told to

    def __init__(self, folder):
        self.folder, self.started = folder, []
        shutil.copytree(TOP / "infra", folder / "infra", ignore=shutil.ignore_patterns("doubles", "__pycache__"))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("COLIS_")}
        self.environment["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.environment["TOLD"] = str(folder / "told")

    def stub(self, path, text="true"):
        """Shell text in the place of a program; in bin/ it is what the name means everywhere."""
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(0o755)

    def start(self, *command):
        # Whoever runs the tests may have told them not to hear Ctrl-C, which is handed down.
        process = subprocess.Popen(["env", "--default-signal=INT", self.folder / command[0], *command[1:]],
                                   env=self.environment, text=True, start_new_session=True,
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.started.append(process)
        return process

    def run(self, *command):
        """(exit code, what it said, what it complained)"""
        process = self.start(*command)
        said, complained = process.communicate(timeout=300)
        return process.returncode, said, complained

    def told(self):
        """The lines that stubs have written."""
        path = self.folder / "told"
        return path.read_text().splitlines() if path.exists() else []

    def interrupted(self, process, hanging):
        """Ctrl-C, once so many stubs hang: nothing of it is left soon, and it is no success."""
        until(lambda: len(self.told()) >= hanging, 120, "what it starts hangs")
        os.killpg(process.pid, signal.SIGINT)
        until(lambda: not any(map(lives, self.told())), 60, "what it started ended")
        return process.wait(300) != 0

    def end(self):
        """Whatever a failed test has left."""
        for process in self.started:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(60)
            process.stdout.close()
            process.stderr.close()


def lives(pid):
    """A process whose parent left it may wait for ever to be collected: that is dead."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.fixture
def checkout(tmp_path):
    checkout = Checkout(tmp_path)
    yield checkout
    checkout.end()
