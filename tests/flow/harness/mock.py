"""librdkafka's mock cluster in a process of its own, so that a broker can be frozen or killed at no one's cost."""
import os
import pathlib
import signal
import subprocess
import sys
import textwrap

from harness.until import until

SERVE = textwrap.dedent("""
    import sys, time
    import confluent_kafka
    producer = confluent_kafka.Producer({"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "log_level": 0})
    brokers = producer.list_topics(timeout=10).brokers
    for topic in sys.argv[1:]:
        producer.list_topics(topic, timeout=10)
    print(",".join(f"{broker.host}:{broker.port}" for broker in brokers.values()), flush=True)
    sys.stdin.read()
    """)


class Mock:
    """Use as a context: brokers is its address."""

    def __init__(self, *topics):
        self.topics = topics

    def __enter__(self):
        self.process = subprocess.Popen([sys.executable, "-c", SERVE, *self.topics], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.brokers = self.process.stdout.readline().strip()
        assert self.brokers, "the mock cluster did not start"
        return self

    def freeze(self):
        """Returns once every thread of it stands: the signal is on its way to each for a moment."""
        os.kill(self.process.pid, signal.SIGSTOP)
        until(lambda: all(stat.read_text().rpartition(")")[2].split()[0] == "T" for stat in
                          pathlib.Path(f"/proc/{self.process.pid}/task").glob("*/stat")), 5, "the mock cluster stands")

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
