"""A peer in a process of its own that measures when it is told to, for ``compare.py``.

    python -m peers.serve '{"workload": ..., "peer": ..., "threads": 1, "artifact": PATH}'

Loads the peer, runs it once and checks the values; then, for each line on standard input (a number
of seconds), times calls for so long and answers with one line: the best wall-clock and the best CPU
milliseconds of a call, and how many there were.
"""
from __future__ import annotations

import json
import os
import sys
import time
import traceback
from pathlib import Path

MARK = "SERVE "


def say(**facts) -> None:
    print(MARK + json.dumps(facts), flush=True)


def block(run, seconds: float) -> dict:
    """CPU time is that of the whole process: with one thread, the time that others did not take."""
    wall, cpu, end, calls = [], [], time.perf_counter() + seconds, 0
    while not calls or time.perf_counter() < end:
        c, t = time.process_time(), time.perf_counter()
        run()
        wall.append(time.perf_counter() - t)
        cpu.append(time.process_time() - c)
        calls += 1
    return {"ms": min(wall) * 1e3, "cpu_ms": min(cpu) * 1e3, "calls": calls}


def main() -> None:
    spec = json.loads(sys.argv[1])
    try:
        from .frameworks import PEERS
        from .reference import check
        from .workloads import WORKLOADS
        w = WORKLOADS[spec["workload"]]
        peer, inputs = PEERS[spec["peer"]](spec["threads"]), w.inputs()
        artifact, facts = Path(spec["artifact"]), {}
        if peer.aot and not artifact.exists():
            facts = peer.build(w, inputs, artifact) or {}
        peer.load(w, inputs, artifact)
        verdict = check(w, peer.fetch(peer.run()))
        for _ in range(2):
            peer.run()
        say(check=verdict, **facts)
        for line in sys.stdin:
            say(**block(peer.run, float(line)))
    except Exception as e:
        traceback.print_exc()
        say(error=f"{type(e).__name__}: {e}"[:200])
    os._exit(0)


if __name__ == "__main__":
    main()
