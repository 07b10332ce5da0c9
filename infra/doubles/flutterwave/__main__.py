"""python -m infra.doubles.flutterwave HOST PORT JOURNAL: the double, in the foreground, until it is told to end."""
import asyncio
import pathlib
import signal
import sys

from . import http1
from .provider import Provider


async def run(host: str, port: int, journal: pathlib.Path) -> None:
    provider = Provider(journal, f"http://{host}:{port}")
    server = await http1.serve(host, port, provider.answer)
    provider.resume()
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    print(f"flutterwave: listens on {host}:{port}, {len(provider.accounts)} accounts", flush=True)
    await ended.wait()
    server.close()


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    asyncio.run(run(sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])))
