"""infra/build: a build that failed says why, however much or little the compiler said. Meson and ninja are stubs."""
import os
import pathlib
import shutil
import subprocess

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]


@pytest.fixture
def build(tmp_path):
    """build(ninja): what infra/build says in a checkout of its own, where this shell text stands for ninja."""
    shutil.copytree(TOP / "infra", tmp_path / "infra", ignore=shutil.ignore_patterns("doubles", "__pycache__"))
    (tmp_path / "bin").mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COLIS_")}
    environment["PATH"] = f"{tmp_path / 'bin'}:{environment['PATH']}"

    def built(ninja):
        for name, text in ("meson", "true"), ("ninja", ninja):
            (tmp_path / "bin" / name).write_text(f"#!/bin/sh\n{text}\n")
            (tmp_path / "bin" / name).chmod(0o755)
        return subprocess.run([tmp_path / "infra" / "build"], env=environment, capture_output=True, text=True)
    return built


def failed(answer, *words):
    assert answer.returncode == 1
    assert "build/plain failed: var/log/build-plain.log has the whole of it" in answer.stderr
    assert all(word in answer.stderr for word in words)


def test_a_failure_in_words_nobody_knows_ends_with_its_last_lines(build):
    failed(build("echo 'collect2: no space left on device'; exit 1"), "no space left on device")


def test_a_compiler_of_many_words_is_told_in_its_first(build):
    answer = build("seq -f 'a.c:%g: error: so many' 20000; exit 1")
    failed(answer, "a.c:1: error: so many")
    assert "a.c:41:" not in answer.stderr


def test_a_build_that_went_well_says_how_long_it_took(build):
    answer = build("echo 'ninja: no work to do.'")
    assert answer.returncode == 0 and "build/plain: no work to do., " in answer.stdout
