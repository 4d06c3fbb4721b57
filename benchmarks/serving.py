"""The environment over HTTP under load, on loopback: requests and responses a second.

    python benchmarks/serving.py                    # needs the extra serve
    python benchmarks/serving.py --seconds 5 --clients 1,8,32

Starts `dipg-curriculum serve` as a process of its own, and asks it from threads of this one, each
with a connection that stays open: single responses (`/step`) and batches of 64 (`/score`). Then it
sends what a server must survive, and looks whether it still answers.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent.parent
HEADERS = {"Content-Type": "application/json"}


@contextmanager
def served() -> Iterator[int]:
    """The server; its port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    program = "from dipg.app.cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", program, "serve", "--data", "short", "--port", str(port)],
        env=os.environ | {"PYTHONPATH": str(HERE)},
        stdout=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(20)


def ask(connection: http.client.HTTPConnection, path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of a POST."""
    connection.request("POST", path, body, HEADERS)
    answer = connection.getresponse()
    return answer.status, answer.read()


def load(port: int, path: str, body: bytes, clients: int, seconds: float) -> np.ndarray:
    """Seconds of each request that was answered with 200, `[R]`, from so many clients at once."""
    found: list[float] = []
    ends = time.monotonic() + seconds

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        while time.monotonic() < ends:
            began = time.monotonic()
            status, _ = ask(connection, path, body)
            if status != 200:
                raise RuntimeError(f"{path}: {status}")
            found.append(time.monotonic() - began)

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return np.array(found)


def survives(port: int) -> None:
    """Bad requests, each with the status it is refused with; then a good one."""

    def fresh() -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    shown = {}
    shown["body of 5 MB"] = ask(fresh(), "/score", b"x" * 5_000_000)[0]
    shown["not JSON"] = ask(fresh(), "/score", b"{")[0]
    shown["50,000 brackets"] = ask(fresh(), "/score", b"[" * 50_000)[0]
    shown["no such vignette"] = ask(
        fresh(), "/score", b'{"items":[{"vignette_id":"../../etc/passwd","response":"x"}]}'
    )[0]
    began = time.monotonic()
    with socket.create_connection(("127.0.0.1", port), 30) as slow:
        slow.sendall(b"POST /score HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        first = slow.recv(4096).split(b"\r\n")[0].decode()
    shown[f"a body that never ends, after {time.monotonic() - began:.1f} s"] = first
    for what, status in shown.items():
        print(f"  {what}: {status}")
    connection = fresh()
    connection.request("GET", "/")
    print(f"  afterwards GET /: {connection.getresponse().status}")


def main() -> None:
    """Run the command."""
    from dipg.vignettes import generate

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0, help="of each measurement")
    parser.add_argument("--clients", default="1,8,32", help="at once, comma-separated")
    given = parser.parse_args()
    vignettes = generate("short", split="evaluation", count=500, seed=0)[:64]
    items = [{"vignette_id": v.id, "response": v.gold} for v in vignettes]
    single, batch = {"action": items[0]}, {"items": items}
    with served() as port:
        print("| request | clients | requests/s | responses/s | median ms | 99% ms |")
        print("|---|---|---|---|---|---|")
        for path, content, size in (("/step", single, 1), ("/score", batch, 64)):
            body = json.dumps(content).encode()
            for clients in map(int, given.clients.split(",")):
                took = load(port, path, body, clients, given.seconds)
                pace = len(took) / given.seconds
                median, slowest = 1e3 * np.quantile(took, (0.5, 0.99))
                print(
                    f"| `{path}` | {clients} | {pace:.0f} | {pace * size:.0f} "
                    f"| {median:.1f} | {slowest:.1f} |"
                )
        print("Refused:")
        survives(port)


if __name__ == "__main__":
    main()
