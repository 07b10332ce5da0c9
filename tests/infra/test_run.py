"""infra/run: in which order it starts and stops. Servers, programs and their supervisor are stubs that tell."""
import os
import time

import pytest

SV = """
case $* in
status*) [ ! -e "down/$2" ] && echo "run: $2: (pid 1) 9s" || echo "down: $2: 9s" ;;
*force-stop*) touch "down/$4"; echo "stop $4" >>"$TOLD" ;;
up*) rm "down/$2"; echo "start $2" >>"$TOLD" ;;
esac"""


@pytest.fixture
def bus(checkout):
    """A bus that runs already."""
    for path in (checkout.folder / "infra" / "local").glob("*/*"):
        if path.is_file() and os.access(path, os.X_OK):
            checkout.stub(path)
    for name in "install", "build", "migrate":
        checkout.stub(f"infra/{name}", f'echo {name} $* >>"$TOLD"')
    checkout.stub("bin/sv", f"cd '{checkout.folder}'\n{SV}")
    checkout.stub("bin/runsvdir")
    checkout.stub("var/venv/bin/python")
    (checkout.folder / "down").mkdir()
    checkout.environment["COLIS_PORT_MANAGE_PROJECTOR"] = "1"  # nobody's
    return checkout


def running(bus, side, name, since):
    bus.stub(f"build/plain/{side}/{name}/colis-{name}")
    pid = bus.folder / "var" / "service" / name / "supervise" / "pid"
    pid.parent.mkdir(parents=True)
    pid.touch()
    os.utime(pid, (since, since))


def test_an_older_program_is_stopped_before_the_tables_change(bus):
    running(bus, "consumers", "projector", 0)
    running(bus, "producers", "relay", time.time() + 9999)
    code, said, complained = bus.run("infra/run")
    assert code == 0, said + complained
    assert bus.told() == ["install", "build programs", "stop projector", "migrate", "start projector"]
