"""float64 references: REF/<workload>.npz with ``in:<name>`` and ``out:<name>``.

    python -m peers.reference [workload ...]
"""
from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np

from .workloads import WORKLOADS, Inputs, Workload

REF = Path(os.environ.get("PEERS_REF", Path(__file__).parent.parent / "ref"))
RTOL = 1e-4


def compute(w: Workload) -> dict[str, np.ndarray]:
    import torch
    from . import math_torch as M
    M.FUSED_LSTM = False
    d = M.tensors(w, w.inputs(), torch.float64)
    out = M.evaluate(w, M.objective(w), d)
    return {n: t.detach().numpy() for n, t in zip(w.outputs, out)}


def save(w: Workload) -> Path:
    REF.mkdir(parents=True, exist_ok=True)
    path = REF / f"{w.name}.npz"
    np.savez(path, **{f"in:{n}": a for n, a in w.inputs().items()},
             **{f"out:{n}": a for n, a in compute(w).items()})
    return path


def load(w: Workload) -> dict[str, np.ndarray]:
    with np.load(REF / f"{w.name}.npz") as z:
        return {n: z[f"out:{n}"] for n in w.outputs}


def output_shapes(w: Workload, inputs: Inputs) -> list[tuple[int, ...]]:
    if not w.grad:
        with np.load(REF / f"{w.name}.npz") as z:
            return [z["out:y"].shape]
    return [(), *(inputs[n].shape for n in w.wrt)]


def check(w: Workload, got: list[np.ndarray]) -> dict:
    """Error of each output, relative to the largest magnitude of its reference.

    Outputs that are zero in exact arithmetic are measured against the largest
    magnitude among all gradients instead.
    """
    ref = load(w)
    top = max(float(np.abs(r).max()) for n, r in ref.items() if n != "loss")
    errors = {}
    for (n, r), g in zip(ref.items(), got, strict=True):
        if g.shape != r.shape:
            raise ValueError(f"{w.name}: {n} has shape {g.shape}, want {r.shape}")
        scale = top if n in w.zero else float(np.abs(r).max())
        err = float(np.abs(g.astype(np.float64) - r).max()) / scale
        errors[n] = err if np.isfinite(err) else float("inf")
    worst = max(errors, key=errors.get)
    return {"ok": errors[worst] <= RTOL, "max_rel": errors[worst], "worst": worst}


if __name__ == "__main__":
    for name in sys.argv[1:] or WORKLOADS:
        p = save(WORKLOADS[name])
        print(f"{p.name:24} {p.stat().st_size / 1e6:8.1f} MB")
