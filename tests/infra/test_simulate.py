"""infra/simulate: Ctrl-C ends what it started. The simulator is a stub that hangs."""


def test_an_interrupt_ends_every_job(checkout):
    checkout.stub("infra/install", f"mkdir -p '{checkout.folder}/var/log'")
    checkout.stub("infra/build")
    checkout.stub("build/plain/tests/simulator/simulate", 'echo $$ >>"$TOLD"; exec tail -f /dev/null')
    assert checkout.interrupted(checkout.start("infra/simulate", "--jobs", "2"), 2)
