"""infra/test: Ctrl-C ends what it started, and one runs at a time. Builds, servers and tests are stubs that hang."""
import os
import signal

import pytest
from harness.until import until


@pytest.fixture
def tests(checkout):
    """A checkout with Python tests called pages and faults, C tests in every build, and a server that stays."""
    for name in "pages", "faults":
        (checkout.folder / "tests" / name).mkdir(parents=True)
        (checkout.folder / "tests" / name / "test_it.py").touch()
    server = checkout.folder / "server"
    server.touch()
    checkout.stub("infra/install")
    checkout.stub("infra/build", f"[ $1 = plain ] || {{ {checkout.HANGS}; }}")
    checkout.stub("infra/run", f"""case $1 in
        servers) setsid tail -f /dev/null </dev/null >/dev/null 2>&1 & echo $! >>'{server}' ;;
        stop) touch "$COLIS_VAR/stopped" ;;
        esac""")
    checkout.stub("bin/meson", f"[ $1 != introspect ] || exec echo '[]'; {checkout.HANGS}")
    checkout.stub("var/venv/bin/python", checkout.HANGS)
    (checkout.folder / "var" / "faults").mkdir()
    checkout.environment["COLIS_PORT_OFFSET"] = "0"
    yield checkout
    checkout.end()  # or it starts another
    for pid in server.read_text().split():
        os.kill(int(pid), signal.SIGKILL)


def test_an_interrupt_ends_builds_and_parts_and_the_servers_of_faults(tests):
    # Pages, faults, the tests of plain; the build of asan, in the background and awaited by its tests.
    assert tests.interrupted(tests.start("infra/test", "pages", "faults", "plain", "asan"), 5)
    until((tests.folder / "var" / "faults" / "stopped").exists, 60)


def test_a_second_run_waits_for_the_first(tests):
    first = tests.start("infra/test", "pages")
    until(tests.told, 120, "the first has begun")
    second = tests.start("infra/test", "pages")
    assert second.stdout.readline() == "waiting for another infra/test\n"
    assert tests.interrupted(first, 1) and tests.interrupted(second, 2)


def test_an_interrupt_is_heard_while_a_wait_ends_of_itself(tests):
    tests.stub("bin/sleep", "trap 'exit 0' INT; /bin/sleep \"$@\" & wait $!")
    assert tests.interrupted(tests.start("infra/test", "pages"), 1)


def test_a_part_that_was_killed_is_a_failed_part(tests):
    tests.stub("var/venv/bin/python", "kill -9 $PPID")
    code, said, _ = tests.run("infra/test", "pages")
    assert code != 0 and said.endswith("\n0 passed, 1 failed\n")


def test_who_failed_stands_at_the_end(tests):
    tests.stub("var/venv/bin/python", """while [ "$1" != --junitxml ]; do shift; done
        echo '<testsuites><testcase classname="pages.one" name="is true"/><testcase classname="pages.two" name="is
        false"><failure/></testcase></testsuites>' >"$2"
        exit 1""")
    code, said, _ = tests.run("infra/test", "pages")
    assert code != 0 and said.splitlines()[-3].startswith("failed: pages: pages.two is false")
    assert said.endswith("\n1 passed, 1 failed\n")
