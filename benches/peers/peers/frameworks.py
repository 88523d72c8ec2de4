"""The systems compared. One class each; frameworks are imported lazily.

Protocol, in the order in which ``serve`` calls it (every peer in a fresh process):

  Peer(threads)                      cheap, no framework import
  supports(w)                        None, or the reason why not
  build(w, inputs, artifact)         only if ``aot``: compile into a file or
                                     folder, in a process of its own; may return
                                     a dict of facts, kept beside ``build_s``
  load(w, inputs, artifact)          import the framework, make native inputs
                                     (JIT peers may compile here or in the
                                     first run; both are charged to cold start)
  run()                              one call; returns when results are ready
  fetch(result)                      numpy arrays in the order of w.outputs

To add a peer, subclass and list it in ``PEERS``. See ``Lgc`` for one that
loads a shared object through ctypes.
"""
from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np

from .workloads import Inputs, Workload


class Peer:
    name = ""
    aot = False

    def __init__(self, threads: int):
        self.threads = threads

    def supports(self, w: Workload) -> str | None:
        return None

    def build(self, w: Workload, inputs: Inputs, artifact: Path) -> dict | None:
        raise NotImplementedError

    def load(self, w: Workload, inputs: Inputs, artifact: Path) -> None:
        raise NotImplementedError

    def run(self):
        raise NotImplementedError

    def fetch(self, result) -> list[np.ndarray]:
        return [np.asarray(r) for r in result]


# --- PyTorch ---------------------------------------------------------------------

class TorchEager(Peer):
    name = "torch"
    fused_lstm = True

    def load(self, w, inputs, artifact):
        import torch
        from . import math_torch as M
        torch.set_num_threads(self.threads)
        torch.set_num_interop_threads(1)
        M.FUSED_LSTM = self.fused_lstm
        self.torch, self.M, self.w = torch, M, w
        self.d = M.tensors(w, inputs)
        self.fn = self.compiled(w)

    def compiled(self, w):
        return self.M.objective(w)

    def run(self):
        return self.M.evaluate(self.w, self.fn, self.d)

    def fetch(self, result):
        return [t.detach().numpy() for t in result]


def frozen_module(w: Workload, inputs: Inputs):
    """nn.Module of the forward with ``w.const`` as buffers, and its arguments."""
    import torch
    from . import math_torch as M

    class Frozen(torch.nn.Module):
        def __init__(self, d):
            super().__init__()
            self.fn = M.FORWARD[w.forward]
            for n in w.const:
                self.register_buffer(n, d[n])

        def forward(self, *args):
            d = {n: getattr(self, n) for n in w.const}
            return self.fn({**d, **dict(zip(free, args))})

    d = M.tensors(w, inputs)
    free = [n for n in inputs if n not in w.const]
    return Frozen(d).eval(), [d[n] for n in free], free


class TorchCompile(TorchEager):
    """torch.compile, default mode; constants frozen where the workload says so.

    The LSTM is unrolled (64 steps); of the 256-step scan only the step is
    compiled and the loop stays in Python, as unrolling it takes too long.
    """
    name = "torch.compile"
    fused_lstm, mode = False, "default"
    def compiled(self, w):
        import torch._inductor.config as ic
        torch = self.torch
        if w.const:
            ic.freezing = True
            mod, args, _ = frozen_module(w, {n: t.detach().numpy() for n, t in self.d.items()})
            fn = torch.compile(mod, mode=self.mode)
            return lambda d: fn(*args)
        if w.forward == "scan":
            self.M.wrap_step = lambda step: torch.compile(step, mode=self.mode, dynamic=False)
            return self.M.objective(w)
        return torch.compile(self.M.objective(w), mode=self.mode, dynamic=False)


# --- XLA -----------------------------------------------------------------------------

class Jax(Peer):
    name = "jax"

    def load(self, w, inputs, artifact):
        import jax
        from . import math_jax as M
        self.jax, f = jax, M.program(w)
        diff = {n: jax.device_put(inputs[n]) for n in w.wrt}
        rest = {n: jax.device_put(a) for n, a in inputs.items() if n not in w.wrt}
        const = {n: rest.pop(n) for n in w.const}
        fn = jax.jit(lambda diff, rest: f(diff, {**rest, **const}))
        self.fn = fn.lower(diff, rest).compile()
        self.args = diff, rest

    def run(self):
        return self.jax.block_until_ready(self.fn(*self.args))


# --- inference engines --------------------------------------------------------------

class ForwardOnly(Peer):
    aot = True

    def supports(self, w):
        return "inference only" if w.grad else None


def export_onnx(w: Workload, inputs: Inputs, path: Path) -> None:
    import torch
    from . import math_torch as M
    M.FUSED_LSTM = False
    mod, args, free = frozen_module(w, inputs)
    torch.onnx.export(mod, tuple(args), str(path), dynamo=True, input_names=free,
                      output_names=["y"], external_data=False, verbose=False)


class OnnxRuntime(ForwardOnly):
    name = "onnxruntime"

    def build(self, w, inputs, artifact):
        export_onnx(w, inputs, artifact)

    def load(self, w, inputs, artifact):
        import onnxruntime as ort
        so = ort.SessionOptions()
        so.intra_op_num_threads, so.inter_op_num_threads = self.threads, 1
        so.log_severity_level = 3
        self.session = ort.InferenceSession(str(artifact), so, providers=["CPUExecutionProvider"])
        self.feed = {i.name: inputs[i.name] for i in self.session.get_inputs()}

    def run(self):
        return self.session.run(None, self.feed)


class OpenVino(ForwardOnly):
    name = "openvino"

    def build(self, w, inputs, artifact):
        import openvino as ov
        onnx = artifact.with_suffix(".onnx")
        export_onnx(w, inputs, onnx)
        artifact.mkdir(exist_ok=True)
        ov.save_model(ov.convert_model(str(onnx)), str(artifact / "m.xml"), compress_to_fp16=False)

    def load(self, w, inputs, artifact):
        import openvino as ov
        core = ov.Core()
        m = core.compile_model(str(artifact / "m.xml"), "CPU", {
            "INFERENCE_NUM_THREADS": self.threads, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32"})
        self.req = m.create_infer_request()
        for p in m.inputs:
            self.req.set_tensor(p, ov.Tensor(inputs[p.get_any_name()], shared_memory=True))

    def run(self):
        self.req.infer()
        return [self.req.get_output_tensor(0).data]


# --- lgc -------------------------------------------------------------------------------

class Lgc(Peer):
    """Our own compiler: one graph per workload in ``graphs/``, one shared object, one ctypes call.

    ``LGC`` names the binary (default: ``lgc`` on the path), ``LGC_GRAPHS`` another folder of
    graphs. One thread is a NULL context; for more, a pool is made once.
    """
    name, aot = "lgc", True

    def __init__(self, threads: int):
        super().__init__(threads)
        self.lgc = os.environ.get("LGC", "lgc")
        self.graphs = Path(os.environ.get("LGC_GRAPHS", Path(__file__).parent.parent / "graphs"))

    def supports(self, w):
        if not (self.graphs / f"{w.name}.graph").exists():
            return "no graph"
        return None if shutil.which(self.lgc) else "no lgc: set LGC"

    def build(self, w, inputs, artifact):
        import time
        from .lgc_abi import Library
        start = time.perf_counter()
        subprocess.run([self.lgc, "compile", str(self.graphs / f"{w.name}.graph"), "-o", str(artifact),
                        "--name", w.name], check=True)
        seconds = time.perf_counter() - start
        library = Library(artifact, w.name)
        return {"compile_s": seconds, "so_bytes": artifact.stat().st_size,
                "workspace_bytes": library.workspace_bytes, "features": library.features}

    def load(self, w, inputs, artifact):
        import ctypes
        from .lgc_abi import OUT, Library
        library = Library(artifact, w.name)
        given = list(inputs.values())
        shapes = [t.shape for t in library.tensors if t.direction != OUT]
        if shapes != [a.shape for a in given]:
            raise ValueError(f"{w.name}.graph: inputs differ from the workload's")
        self.out = [np.zeros(t.shape, np.float32) for t in library.tensors if t.direction == OUT]
        arrays = given + self.out
        pointers = (ctypes.c_void_p * len(arrays))(*(a.ctypes.data for a in arrays))
        memory = np.zeros(library.workspace_bytes + 64, np.uint8)
        address = memory.ctypes.data
        context = library.context(self.threads)
        self.keep = library, arrays, memory, context
        self.entry, self.strerror = library.function, library.strerror
        self.args = (pointers, ctypes.c_void_p(address + -address % 64),
                     None if context is None else ctypes.byref(context),
                     ctypes.c_uint64(library.signature))

    def run(self):
        code = self.entry(*self.args)
        if code != 0:
            raise RuntimeError(self.strerror(code).decode())
        return self.out


PEERS: dict[str, type[Peer]] = {p.name: p for p in (
    TorchEager, TorchCompile, Jax, OnnxRuntime, OpenVino, Lgc)}
