"""The ingress against itself: 202 after the broker's acknowledgement, and the same server's bare reply.

Two processes of the same binary, the server on one core, wrk and librdkafka's mock cluster on the other; rounds
interleaved, the first one to warm up. CPU is what the kernel counted for all of a process's threads.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess

from harness import places
from harness.mock import Mock
from harness.person import PARCEL, token_of

CONNECTIONS, SECONDS, ROUNDS, PEOPLE = 256, 3, 5, 32
REQUESTS = """
local tokens = {%s}
local requests, at = {}, 0
init = function()
  for number, token in ipairs(tokens) do
    requests[number] = wrk.format("POST", "/v1/parcels", {["Content-Type"] = "application/json",
      ["Host"] = "bench", ["Authorization"] = "Bearer " .. token}, [[%s]])
  end
end
request = function() at = at %% #requests + 1 return requests[at] end
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, e.status,
    latency:percentile(99), e.connect + e.read + e.write + e.timeout))
end
"""


def script_write(folder):
    tokens = ", ".join(f'"{token_of(f"00000000-0000-4000-8000-{number:012}")}"' for number in range(PEOPLE))
    file = pathlib.Path(folder) / "requests.lua"
    file.write_text(REQUESTS % (tokens, json.dumps(PARCEL)))
    return file


def core_set(pid, core):
    cores = sorted(os.sched_getaffinity(0))
    for task in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {cores[min(core, len(cores) - 1)]})


def cpu_us(pid):
    """Microseconds every thread of a process has run."""
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1000


def drive(program, url, script, seconds=SECONDS):
    """One wrk run: requests a second, CPU a request, p99."""
    before = cpu_us(program.pid)
    command = ["taskset", "-c", str(sorted(os.sched_getaffinity(0))[-1]), "wrk", "-t1", f"-c{CONNECTIONS}",
               f"-d{seconds}", "-s", script, url]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    spent = cpu_us(program.pid) - before
    figures = re.search(r"figures (\d+) (\d+) (\d+) (\d+) (\d+)", answer.stdout)
    assert figures, answer.stdout + answer.stderr
    requests, duration, refused, p99, broken = map(int, figures.groups())
    assert refused + broken < requests / 100, f"{refused} of {requests} requests refused, {broken} broken"
    return {"rate": requests / duration * 1e6, "cpu": spent / requests, "p99": p99 / 1000}


def measure(make_bus, folder, say):
    """Rows of the table."""
    with Mock("bench.commands") as mock:
        core_set(mock.process.pid, 1)
        told = {"COLIS_KAFKA_BROKERS": mock.brokers, "COLIS_NAMESPACE": "bench", "COLIS_CHECK_TOPICS": "off",
                "COLIS_RATE_PER_SECOND": "1000000", "COLIS_RATE_BURST": "1000000"}
        bus = make_bus()
        programs = {"after": bus.add("ingress", 1, **told),
                    "bare": bus.add("ingress", 2, COLIS_INGRESS_BARE="on", **told)}
        script = script_write(folder)
        found = {"after": [], "bare": []}
        for program in programs.values():
            program.await_ready()
            core_set(program.pid, 0)
        for number in range(ROUNDS + 1):
            for name, program in programs.items():
                url = f"http://{places.HOST}:{program.settings['COLIS_LISTEN_PORT']}"
                figures = drive(program, url, script)
                if number:
                    found[name].append(figures)
            say(f"  ingress round {number}/{ROUNDS}")
        memory = peak_mb(programs["after"].pid)
    return rows(found), memory


def peak_mb(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+)", text).group(1)) / 1024


def rows(found):
    middle = {name: {what: statistics.median(one[what] for one in ones) for what in ones[0]}
              for name, ones in found.items()}
    after, bare = middle["after"], middle["bare"]
    cpu = statistics.median(a["cpu"] / b["cpu"] for a, b in zip(found["after"], found["bare"]))
    rate = statistics.median(a["rate"] / b["rate"] for a, b in zip(found["after"], found["bare"]))
    return [
        ("ingress: CPU a request, 202 after the acknowledgement / bare reply", "≤ 2.0", f"{cpu:.2f}", cpu <= 2.0,
         f"{after['cpu']:.1f} µs / {bare['cpu']:.1f} µs"),
        ("ingress: throughput after the acknowledgement / bare reply, 256 connections, mock cluster", "≥ 0.5",
         f"{rate:.2f}", rate >= 0.5, f"{after['rate']:,.0f}/s (p99 {after['p99']:.1f} ms) / {bare['rate']:,.0f}/s"),
    ]
