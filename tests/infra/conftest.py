"""A copy of infra/ in a checkout of its own, where stubs stand for what is dear."""
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


class Checkout:
    """Its scripts believe that the folder is the whole project."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copytree(TOP / "infra", folder / "infra", ignore=shutil.ignore_patterns("doubles", "__pycache__"))
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("COLIS_")}
        self.environment["PATH"] = f"{folder / 'bin'}:{os.environ['PATH']}"

    def stub(self, path, text="true"):
        """Shell text in the place of a program; in bin/ it is what the name means everywhere."""
        path = self.folder / path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/usr/bin/env bash\n{text}\n")
        path.chmod(0o755)

    def start(self, *command, **more):
        return subprocess.Popen([self.folder / command[0], *command[1:]], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)

    def run(self, *command):
        """(exit code, what it said, what it complained)"""
        process = self.start(*command)
        said, complained = process.communicate(timeout=300)
        return process.returncode, said, complained


@pytest.fixture
def checkout(tmp_path):
    return Checkout(tmp_path)
