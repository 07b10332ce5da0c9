"""From 202 to readable: 200 commands a second on a real broker, each read back by GET /v1/parcels/{id}.

The reader asks as soon as it holds the 202, with ?after= that command, and is answered once the parcel is readable;
the request itself is in the figure. Several processes, or the client itself would be what is measured.
"""
import json
import multiprocessing
import statistics
import time
import uuid

from harness import raw
from harness.person import PARCEL, token_of
from harness.until import pause

RATE, SECONDS, WORKERS, WARM = 200, 15, 4, 2


class Client:
    """A kept connection and no library between."""

    def __init__(self, url, token):
        self.connection = raw.connect(url)
        self.connection.setsockopt(6, 1, 1)  # TCP_NODELAY
        self.head = f"Host: bench\r\nAuthorization: Bearer {token}\r\n"

    def get(self, path):
        self.connection.sendall(f"GET {path} HTTP/1.1\r\n{self.head}\r\n".encode())
        return raw.reply_read(self.connection)

    def post(self, path, body):
        head = f"POST {path} HTTP/1.1\r\n{self.head}Content-Type: application/json\r\n"
        head += f"Idempotency-Key: {uuid.uuid4()}\r\nContent-Length: {len(body)}\r\n"
        self.connection.sendall(f"{head}\r\n{body}".encode())
        return raw.reply_read(self.connection)


def one(ingress, query, body):
    """Milliseconds from the 202 to the 200, and those of the POST itself."""
    sent = time.perf_counter()
    reply = ingress.post("/v1/parcels", body)
    taken = time.perf_counter()
    assert reply.status == 202, reply
    command = json.loads(reply.body)
    parcel = command["resource"].rpartition("/")[2]
    reply = query.get(f"/v1/parcels/{parcel}?after={command['id']}")
    now = time.perf_counter()
    assert reply.status == 200, reply
    return (now - taken) * 1000, (taken - sent) * 1000


def work(urls, threads, gap, answers):
    """A worker: its own threads, one person each, an even pace in all."""
    import threading
    found = []

    def person_run(offset):
        token = token_of(uuid.uuid4())
        ingress, query = Client(urls[0], token), Client(urls[1], token)
        body = json.dumps(PARCEL)
        next_at = time.perf_counter() + offset
        end = next_at + SECONDS + WARM
        while next_at < end:
            pause(next_at - time.perf_counter())
            found.append((time.perf_counter() - end + SECONDS, *one(ingress, query, body)))
            next_at += gap
    pool = [threading.Thread(target=person_run, args=(gap * number / threads,)) for number in range(threads)]
    for thread in pool:
        thread.start()
    for thread in pool:
        thread.join()
    answers.put([row[1:] for row in found if row[0] > 0])


def measure(bus, say):
    """Row of the table; the bus has every program."""
    threads = 10
    gap = WORKERS * threads / RATE
    answers = multiprocessing.Queue()
    urls = (bus.url("ingress"), bus.url("query"))
    workers = [multiprocessing.Process(target=work, args=(urls, threads, gap, answers)) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    found = [row for _ in workers for row in answers.get(timeout=SECONDS + WARM + 60)]
    for worker in workers:
        worker.join()
    say(f"  latency: {len(found)} commands in {SECONDS} s")
    readable, posted = [row[0] for row in found], [row[1] for row in found]
    p50, p99 = percentile(readable, 50), percentile(readable, 99)
    return [("from 202 to readable by GET /v1/parcels/{id}, 200 commands a second, real broker",
             "p50 ≤ 20 ms, p99 ≤ 60 ms", f"p50 {p50:.1f} ms, p99 {p99:.1f} ms", p50 <= 20 and p99 <= 60,
             f"POST to 202: p50 {percentile(posted, 50):.1f} ms, p99 {percentile(posted, 99):.1f} ms; "
             f"{len(found) / SECONDS:.0f} a second")]


def percentile(values, percent):
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]
