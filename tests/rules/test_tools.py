"""What the public checkers say: clang-format, clang-tidy, cppcheck. Slow answers are kept by digest in build/rules."""
import concurrent.futures
import functools
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest
import source

KEPT = source.TOP / "build" / "rules"
JOBS = os.cpu_count() or 2


def run(*command):
    return subprocess.run(command, cwd=source.TOP, capture_output=True, text=True, errors="replace")


def wanted(tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")


def compile_commands():
    """A build folder that has a compile database and the generated headers; made here when there is none."""
    plain = source.TOP / "build" / "plain"
    if (plain / "compile_commands.json").is_file() and (plain / "schemas" / "messages.h").is_file():
        return plain
    folder = KEPT / "meson"
    if not (folder / "build.ninja").is_file():
        made = run("meson", "setup", str(folder))
        assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    made = run("ninja", "-C", str(folder), "schemas/messages.h")
    assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
    return folder


@functools.cache
def seen_by(path):
    """The file and every header of ours it includes, near or far."""
    found, todo = set(), [path]
    while todo:
        name = todo.pop()
        if name not in found and (source.TOP / name).is_file():
            found.add(name)
            todo += [other for _, other, is_ours in source.includes(name) if is_ours]
    return sorted(found)


def kept(tool, path):
    """Where a clean answer about this very text, and all it includes, is remembered."""
    digest = hashlib.sha256(tool.encode() + (source.TOP / ".clang-tidy").read_bytes())
    for name in seen_by(path):
        digest.update(name.encode() + b"\0" + source.text(name).encode(errors="surrogateescape"))
    return KEPT / tool / digest.hexdigest()


def checked(tool, paths, check):
    """Findings of check(path) over all paths; a file found clean is not looked at again."""
    (KEPT / tool).mkdir(parents=True, exist_ok=True)
    todo = [path for path in paths if not kept(tool, path).exists()]
    with concurrent.futures.ThreadPoolExecutor(JOBS) as pool:
        answers = dict(zip(todo, pool.map(check, todo)))
    for path, answer in answers.items():
        if not answer:
            kept(tool, path).touch()
    return [line for path in sorted(answers) for line in answers[path]]


def findings(output):
    lines = [line.replace(str(source.TOP) + "/", "") for line in output.splitlines()]
    return [line for line in lines if re.search(r": (warning|error|style|performance|portability):|error:", line)]


def test_clang_format_would_change_nothing():
    wanted("clang-format")
    paths = source.c_files()
    answer = run("clang-format", "--dry-run", "-Werror", *paths) if paths else None
    places = sorted({line.split(":")[0] for line in findings(answer.stderr)}) if answer else []
    assert not places, source.told(f"{place}: {answer.stderr.count(place + ':')} places" for place in places)


@pytest.mark.timeout(1800)  # beside other tests it takes its time
def test_clang_tidy_finds_nothing():
    wanted("clang-tidy")
    folder = compile_commands()
    compiled = (folder / "compile_commands.json").read_text()
    paths = [path for path in source.files(".c") if f"/{path}\"" in compiled]

    def check(path):
        # The analyzer is nine tenths of the time; tests are what the sanitizers run.
        less = ["--checks=-clang-analyzer-*"] if path.startswith("tests/") else []
        return findings(run("clang-tidy", "--quiet", *less, "-p", str(folder), path).stdout)
    found = checked("clang-tidy", paths, check)
    assert not found, source.told(found)


def test_cppcheck_finds_nothing():
    wanted("cppcheck")
    command = ["cppcheck", "--quiet", "--std=c11", "--enable=warning,performance,portability", "--inline-suppr",
               "--suppress=missingIncludeSystem", "--suppress=unknownMacro", "--suppress=arrayIndexThenCheck",
               "--suppress=uninitvar", "-D_GNU_SOURCE", f"-I{source.TOP}", f"-I{compile_commands()}",
               "--template={file}:{line}: {severity}: {id} {message}"]

    def check(path):
        return findings(run(*command, path).stderr)
    found = checked("cppcheck", source.files(".c"), check)
    assert not found, source.told(found)


def test_the_shell_scripts_pass_shellcheck():
    wanted("shellcheck")
    scripts = [str(path.relative_to(source.TOP)) for path in sorted((source.TOP / "infra").rglob("*"))
               if path.is_file() and not path.is_symlink() and is_shell(path)]
    answer = run("shellcheck", "-x", "-P", "SCRIPTDIR", "-f", "gcc", *scripts)
    assert not answer.stdout, "\n" + answer.stdout


def is_shell(path: pathlib.Path):
    with path.open("rb") as file:
        first = file.readline(80)
    return re.match(rb"#!.*\b(ba|da)?sh\b", first) is not None
