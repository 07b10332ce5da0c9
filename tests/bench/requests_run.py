"""Commands by HTTP: wrk sending a parcel again and again, each under a key of its own, for many people in turn."""
import json
import os
import pathlib
import re
import subprocess
import uuid

from harness.person import PARCEL

SCRIPT = """
local heads, at, salt = {%s}, 0, "%s"
local rest = "\\r\\nContent-Length: %d\\r\\n\\r\\n" .. [[%s]]
request = function()
  at = at + 1
  return heads[at %% #heads + 1] .. salt .. at .. rest
end
%s
done = function(summary, latency)
  local e = summary.errors
  io.write(string.format("figures %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, e.status,
    latency:percentile(50), latency:percentile(99), e.connect + e.read + e.write + e.timeout))
end
"""


def script_write(folder, tokens, delay_ms=None):
    """A script of wrk; delay_ms: what each connection waits between two, in the middle."""
    body = json.dumps(PARCEL)
    heads = ", ".join(f'"POST /v1/parcels HTTP/1.1\\r\\nHost: bench\\r\\nContent-Type: application/json\\r\\n'
                      f'Authorization: Bearer {token}\\r\\nIdempotency-Key: "' for token in tokens)
    pace = f"delay = function() return math.random(0, {2 * delay_ms}) end" if delay_ms else ""
    file = pathlib.Path(folder) / f"requests-{delay_ms or 'fast'}-{uuid.uuid4().hex[:8]}.lua"
    file.write_text(SCRIPT % (heads, uuid.uuid4(), len(body), body, pace))
    return file


def wrk_start(url, script, seconds, connections):
    command = ["taskset", "-c", str(sorted(os.sched_getaffinity(0))[-1]), "wrk", "-t1", f"-c{connections}",
               f"-d{seconds}", "--timeout", "10", "-s", script, url]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wrk_end(process):
    """What came of it: rate, p50 and p99 in milliseconds, requests."""
    answer = process.communicate()[0]
    found = re.search(r"figures (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)", answer)
    assert found and process.returncode == 0, answer
    requested, duration, refused, p50, p99, broken = map(int, found.groups())
    assert requested and refused + broken <= requested / 100, f"{refused} of {requested} refused, {broken} broken"
    return {"rate": requested / duration * 1e6, "p50": p50 / 1000, "p99": p99 / 1000, "requests": requested}


def wrk(url, script, seconds, connections):
    return wrk_end(wrk_start(url, script, seconds, connections))
