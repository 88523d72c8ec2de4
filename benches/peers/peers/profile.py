"""Where lgc's time goes: the share of each kernel, by `perf` and a library that has symbols.

    LGC=path/to/lgc python -m peers.profile [CASE ...] [--seconds 2]

Needs perf and gcc. The object file of `lgc compile` names its kernels as `lgc emit --stage kernels` does; a
kernel's `tasks` are what threads share, so that the last column is the speed-up of two threads at best.
"""
from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from .frameworks import Lgc
from .workloads import WORKLOADS


def loop(case: str, library: Path, seconds: float) -> None:
    w, peer, best = WORKLOADS[case], Lgc(1), float("inf")
    peer.load(w, w.inputs(), library)
    end, calls = time.process_time() + seconds, 0
    while calls < 3 or time.process_time() < end:
        t = time.process_time()
        peer.run()
        best, calls = min(best, time.process_time() - t), calls + 1
    print(f"{best * 1e3:.3f}")


def profile(case: str, seconds: float, folder: Path) -> str:
    lgc = Lgc(1)
    files = {s: folder / f"{case}.{s}" for s in ("o", "so", "data")}
    graph = str(lgc.graphs / f"{case}.graph")
    subprocess.run([lgc.lgc, "compile", graph, "-o", files["o"], "--name", case], check=True)
    subprocess.run(["gcc", "-shared", files["o"], "-o", files["so"], "-lpthread"], check=True)
    ms = subprocess.run(["perf", "record", "-q", "-e", "cpu-clock", "-F", "3000", "-o", files["data"],
                         sys.executable, "-m", "peers.profile", "--loop", case, files["so"],
                         "--seconds", str(seconds)], check=True, capture_output=True, text=True).stdout
    text = subprocess.run(["perf", "report", "-q", "-i", files["data"], "--sort", "symbol", "--no-children"],
                          check=True, capture_output=True, text=True).stdout
    shares: dict[str, float] = {}
    found = re.findall(r"([\d.]+)%\s+\[\.\]\s+" + re.escape(case) + r"\.(\S+)", text)
    for percent, symbol in found:
        name = re.sub(r"^kernel\d+\.|\.tasks\d+$", "", symbol)
        shares[name] = shares.get(name, 0.0) + float(percent)
    whole = sum(shares.values())
    shared = sum(float(p) for p, s in found if ".tasks" in s) / whole
    top = ", ".join(f"{k} {v / whole:.0%}" for k, v in sorted(shares.items(), key=lambda i: -i[1])[:8])
    return f"{case:18} {float(ms.split()[-1]):9.3f} ms  {top}  | 2 threads: {1 / (1 - shared / 2):.2f}"


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", nargs="*")
    ap.add_argument("--seconds", type=float, default=2)
    ap.add_argument("--loop", nargs=2, help=argparse.SUPPRESS)
    a = ap.parse_args()
    if a.loop:
        loop(a.loop[0], Path(a.loop[1]), a.seconds)
        return
    with tempfile.TemporaryDirectory() as folder:
        for case in WORKLOADS:
            if not a.cases or any(case.startswith(c) for c in a.cases):
                print(profile(case, a.seconds, Path(folder)), flush=True)


if __name__ == "__main__":
    main()
