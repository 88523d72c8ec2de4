"""lgc against its best peers, taking turns within the same minutes; one table.

    python -m peers.compare [CASE ...] [--peers torch,jax] [--threads 1,2] [--rounds 5]
        [--block 0.4] [--clock wall|cpu] [--machine machine.json] [--out results.json]

For each case and number of threads every peer gets a process, all are loaded first, and then they take
turns: one block of calls each, round after round, while the others are stopped (SIGSTOP). Of each
peer the best time counts, so that a busy machine hurts as little as it can. ``--clock cpu`` takes the CPU
time of one-thread calls instead of wall-clock time, which leaves out what other processes took.

CASE is the beginning of a workload's name (``w8``, ``w10_mm_1024``); all if none is given. lgc is
found through LGC (see ``frameworks.Lgc``). Without a machine.json there are no shares of the roofline.
"""
from __future__ import annotations

import argparse
import json
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from math import prod
from pathlib import Path

from .machine import roofline_ms
from .frameworks import PEERS
from .serve import MARK
from .workloads import WORKLOADS, Workload

BEST_PEERS = "torch,torch.compile,jax,onnxruntime,openvino"
SUFFIX = {"onnxruntime": ".onnx", "lgc": ".so"}
# Slow to build and hopeless in every earlier run, or not to be built at all; `--all` tries them.
SKIP = {("w7_lstm_train", "torch.compile"), ("w11_scan_fwd", "torch.compile"),
        ("w11_scan_grad", "torch.compile"), ("w10_mm_1024", "torch.compile"),
        ("w10_mm_skinny", "torch.compile"), ("w2_mlp_infer", "torch.compile"),
        ("w11_scan_fwd", "onnxruntime"), ("w11_scan_fwd", "openvino"),
        ("w12_fno_fwd", "onnxruntime"), ("w12_fno_fwd", "openvino")}


def environment(threads: int, scratch: Path) -> dict[str, str]:
    n = str(threads)
    return {**os.environ, "OMP_NUM_THREADS": n, "MKL_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n,
            "NPROC": n, "CUDA_VISIBLE_DEVICES": "", "JAX_PLATFORMS": "cpu",
            "TF_CPP_MIN_LOG_LEVEL": "3", "TMPDIR": str(scratch)}


def footprint(w: Workload) -> int:
    """The bytes of inputs and outputs, once each."""
    inputs = w.inputs()
    if w.grad:
        return w.min_bytes(4 + sum(inputs[n].nbytes for n in w.wrt))
    y = {"mlp_infer": (1, 10), "encoder": None, "matmul": None}.get(w.forward)
    if w.forward == "matmul":
        y = (inputs["a"].shape[0], inputs["b"].shape[1])
    elif y is None:
        y = inputs["u" if w.forward == "scan" else "x"].shape
    return w.min_bytes(4 * prod(y))


class Served:
    """A ``serve`` process; stopped but while it is its turn."""

    def __init__(self, workload: str, peer: str, threads: int, scratch: Path, cache: Path, limit_s: float):
        artifact = scratch / f"{workload}.{peer}{SUFFIX.get(peer, '')}"
        spec = {"workload": workload, "peer": peer, "threads": threads, "artifact": str(artifact)}
        env = environment(threads, scratch) | {
            "TORCHINDUCTOR_CACHE_DIR": str(cache), "TORCHINDUCTOR_FX_GRAPH_CACHE": "1",
            "TORCHINDUCTOR_AUTOGRAD_CACHE": "1"}
        cpus = {max(os.sched_getaffinity(0))} if threads == 1 else os.sched_getaffinity(0)
        self.peer, self.log = peer, open(scratch / f"{peer}.{threads}.log", "w+")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "peers.serve", json.dumps(spec)], env=env, text=True,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            cwd=Path(__file__).parent.parent, preexec_fn=lambda: os.sched_setaffinity(0, cpus),
            start_new_session=True)
        self.best: dict[str, float] = {}
        self.facts = self.answer(limit_s)
        if "error" not in self.facts:
            os.killpg(self.process.pid, signal.SIGSTOP)

    def answer(self, limit_s: float) -> dict:
        end = time.monotonic() + limit_s
        with selectors.DefaultSelector() as ready:
            ready.register(self.process.stdout, selectors.EVENT_READ)
            while ready.select(max(0.0, end - time.monotonic())):
                line = self.process.stdout.readline()
                if line.startswith(MARK):
                    return json.loads(line[len(MARK):])
                if not line:
                    return {"error": f"died, exit {self.process.wait()}"}
        self.close()
        return {"error": f"over {limit_s:.0f} s"}

    def turn(self, seconds: float) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)
        self.process.stdin.write(f"{seconds}\n")
        self.process.stdin.flush()
        got = self.answer(120)
        if "error" in got:
            self.facts = got
            return
        os.killpg(self.process.pid, signal.SIGSTOP)
        for k in ("ms", "cpu_ms"):
            self.best[k] = min(self.best.get(k, float("inf")), got[k])

    def close(self) -> None:
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
        self.log.close()


def compare(workload: str, peers: list[str], threads: int, a, scratch: Path, cache: Path) -> dict:
    row: dict = {}
    served: list[Served] = []
    try:
        for p in peers:
            why = PEERS[p](threads).supports(WORKLOADS[workload])
            if why or (workload, p) in SKIP and not a.all:
                row[p] = {"skip": why or "not worth it"}
                continue
            s = Served(workload, p, threads, scratch, cache, a.limit)
            served.append(s)
            row[p] = s.facts
        for _ in range(a.rounds):
            for s in served:
                if "error" not in s.facts:
                    s.turn(a.block)
        for s in served:
            row[s.peer] = s.facts | s.best
            if "error" in s.facts:
                print(f"  {workload} {s.peer} {threads}t: {s.facts['error']}", file=sys.stderr, flush=True)
            elif not s.facts["check"]["ok"]:
                print(f"  {workload} {s.peer} {threads}t: WRONG {s.facts['check']}", file=sys.stderr, flush=True)
    finally:
        for s in served:
            s.close()
    return row


HEAD = ("case", "lgc 1t", "lgc 2t", "best 1t", "best 2t", "x 1t", "x 2t", "GF/s", "GB/s", "roof 1t",
        "roof 2t", "compile s", ".so KB", "ws MB", "max err")


def digits(v: float) -> str:
    return f"{v:.0f}" if v >= 100 else f"{v:.3g}"


def key(clock: str, threads: str) -> str:
    return "cpu_ms" if clock == "cpu" and threads == "1" else "ms"


def roof(path: Path, results: dict, clock: str) -> dict | None:
    """machine.json, with a peak that is at least what any peer reached on any workload."""
    if not path.exists():
        return None
    machine = json.loads(path.read_text())
    for t, peak in machine["gemm_gflops"].items():
        reached = (WORKLOADS[w].flops / c[key(clock, t)] * 1e-6 for w, row in results.items()
                   for c in row.get(t, {}).values() if key(clock, t) in c)
        machine["gemm_gflops"][t] = max(peak, *reached, 0)
    return machine


def line(workload: str, row: dict, machine: dict | None, clock: str) -> list[str]:
    """GF/s, GB/s: of lgc with one thread; bytes are the inputs and outputs, once each."""
    w = WORKLOADS[workload]
    size, out = footprint(w), {h: "" for h in HEAD}
    out["case"] = workload
    for t in ("1", "2"):
        cells, k = row.get(t, {}), key(clock, t)
        good = {p: c[k] for p, c in cells.items() if k in c and c["check"]["ok"]}
        ours = good.pop("lgc", None)
        best = min(((v, p) for p, v in good.items()), default=None)
        if best:
            out[f"best {t}t"] = f"{digits(best[0])} {best[1]}"
        if ours:
            out[f"lgc {t}t"] = digits(ours)
            if best:
                out[f"x {t}t"] = f"{ours / best[0]:.2f}"
            if machine:
                out[f"roof {t}t"] = f"{roofline_ms(machine, w.flops, size, int(t))[0] / ours:.3f}"
            if t == "1":
                out["GF/s"], out["GB/s"] = f"{w.flops / ours * 1e-6:.1f}", f"{size / ours * 1e-6:.2f}"
    for t in ("1", "2"):
        f = row.get(t, {}).get("lgc", {})
        if "compile_s" in f:
            out |= {"compile s": f"{f['compile_s']:.2f}", ".so KB": f"{f['so_bytes'] / 1e3:.0f}",
                    "ws MB": f"{f['workspace_bytes'] / 1e6:.2f}"}
        if "check" in f:
            out["max err"] = f"{f['check']['max_rel']:.0e}" + ("" if f["check"]["ok"] else " WRONG")
    return list(out.values())


def table(results: dict, machine: dict | None, clock: str) -> str:
    rows = [HEAD, *(line(w, results[w], machine, clock) for w in WORKLOADS if w in results)]
    wide = [max(len(r[i]) for r in rows) for i in range(len(HEAD))]
    text = ["| " + " | ".join(c.ljust(n) for c, n in zip(r, wide)) + " |" for r in rows]
    return "\n".join([text[0], "|" + "|".join("-" * (n + 2) for n in wide) + "|", *text[1:]])


def everything(results: dict, clock: str) -> str:
    """Best ms of every peer, 1 thread / 2 threads."""
    peers = [p for p in PEERS if any(p in c for r in results.values() for c in r.values())]
    lines = ["| case | " + " | ".join(peers) + " |", "|---" * (len(peers) + 1) + "|"]
    for w, row in results.items():
        cells = []
        for p in peers:
            got = []
            for t in ("1", "2"):
                c, k = row.get(t, {}).get(p, {}), key(clock, t)
                got.append(digits(c[k]) if k in c else "fail" if "error" in c else "-")
            cells.append("-" if set(got) == {"-"} else " / ".join(got))
        lines.append(f"| {w} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("cases", nargs="*")
    ap.add_argument("--peers", help=f"besides lgc; default {BEST_PEERS}")
    ap.add_argument("--threads", default="1,2")
    ap.add_argument("--rounds", type=int, default=5)
    ap.add_argument("--block", type=float, default=0.4, help="seconds of a turn")
    ap.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    ap.add_argument("--limit", type=float, default=300, help="seconds to load a peer")
    ap.add_argument("--machine", type=Path, default=Path("machine.json"))
    ap.add_argument("--out", type=Path, default=Path("results.json"), help="results; kept and added to")
    ap.add_argument("--all", action="store_true", help="also the peers that are not worth it for a case")
    ap.add_argument("--keep", action="store_true", help="measure only what is not in OUT yet")
    ap.add_argument("--show", action="store_true", help="only print what is in OUT")
    a = ap.parse_args()
    results = json.loads(a.out.read_text()) if a.out.exists() else {}
    chosen = [w for w in WORKLOADS if not a.cases or any(w.startswith(c) for c in a.cases)]
    cache = Path(tempfile.gettempdir(), "lgc-peers-inductor")
    cache.mkdir(exist_ok=True)
    for w in chosen if not a.show else []:
        scratch = Path(tempfile.mkdtemp(prefix="lgc-peers."))
        try:
            for t in map(int, a.threads.split(",")):
                have = results.setdefault(w, {}).setdefault(str(t), {})
                peers = ["lgc", *(a.peers or BEST_PEERS).split(",")]
                if a.keep:
                    peers = [p for p in peers if p == "lgc" or p not in have]
                    if peers == ["lgc"] and "lgc" in have:
                        continue
                have |= compare(w, peers, t, a, scratch, cache)
                a.out.write_text(json.dumps(results, indent=1))
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        print("  ".join(line(w, results[w], roof(a.machine, results, a.clock), a.clock)),
              file=sys.stderr, flush=True)
    shown = {w: results[w] for w in WORKLOADS if w in results and w in chosen}
    print(table(shown, roof(a.machine, results, a.clock), a.clock) + "\n\nms, 1 thread / 2 threads\n\n" + everything(shown, a.clock))


if __name__ == "__main__":
    main()
