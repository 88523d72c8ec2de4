"""A host in Python, with nothing but the standard library: calls on the library's pool, on threads of the
host's own, and in a child process.

    lgc compile layer.graph
    python3 host.py ./layer.so
"""

import ctypes
import os
import pathlib
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from ctypes import CFUNCTYPE, Structure, c_char_p, c_int32, c_uint32, c_uint64, c_void_p

ROWS, INPUTS, OUTPUTS, STEPS = 256, 192, 128, 10

Task = CFUNCTYPE(None, c_void_p, c_uint64)
ParallelFor = CFUNCTYPE(None, c_void_p, c_uint64, Task, c_void_p)


class Context(Structure):
    """lgc_ctx."""

    _fields_ = [
        ("struct_size", c_uint64),
        ("pool", c_void_p),
        ("parallel_for", ParallelFor),
        ("data", c_void_p),
    ]

    def __init__(self, pool=None, parallel_for=ParallelFor()):
        super().__init__(ctypes.sizeof(Context), pool, parallel_for, None)


class Layer:
    """A library, with the tensors of its entry `step`. Its header lies beside it."""

    def __init__(self, path):
        path = pathlib.Path(path).resolve()
        code, name = ctypes.CDLL(str(path)), path.stem
        self.strerror = getattr(code, name + "_strerror")
        self.strerror.restype = c_char_p
        self.pool_create = getattr(code, name + "_pool_create")
        self.pool_create.restype, self.pool_create.argtypes = c_void_p, [c_uint32]
        self.pool_destroy = getattr(code, name + "_pool_destroy")
        self.pool_destroy.restype, self.pool_destroy.argtypes = None, [c_void_p]
        # The exported function; its signature says that the header and the library belong together.
        self.step = getattr(code, name + "_step_v3")
        self.step.restype = c_int32
        header = path.with_suffix(".h").read_text()
        self.workspace_bytes = int(re.search(r"_STEP_WORKSPACE_BYTES (\d+)", header)[1])
        self.signature = c_uint64(int(re.search(r"_STEP_SIGNATURE UINT64_C\((\w+)\)", header)[1], 16))
        seed = 0

        def numbers(count, factor):
            """Numbers from -1/2 to 1/2, times a power of two."""
            nonlocal seed
            values = (ctypes.c_float * count)()
            for i in range(count):
                seed = (seed * 1664525 + 1013904223) % (1 << 32)
                values[i] = ((seed >> 8) / 16777216 - 0.5) * factor
            return values

        self.x = numbers(ROWS * INPUTS, 1)
        self.target = numbers(ROWS * OUTPUTS, 1)
        self.first = numbers(INPUTS * OUTPUTS, 0.125)

    def train(self, context=None):
        """The bits of the layer after ten steps, and the loss before the last."""
        w, b = type(self.first)(*self.first), (ctypes.c_float * OUTPUTS)()
        rate, loss = ctypes.c_float(0.5), ctypes.c_float()
        tensors = [self.x, self.target, rate, w, b, loss]
        arguments = (c_void_p * 6)(*map(ctypes.addressof, tensors))
        memory = ctypes.create_string_buffer(self.workspace_bytes + 64)
        workspace = c_void_p(ctypes.addressof(memory) + -ctypes.addressof(memory) % 64)
        for _ in range(STEPS):
            pointer = ctypes.byref(context) if context else None
            code = self.step(arguments, workspace, pointer, self.signature)
            if code != 0:
                raise RuntimeError(self.strerror(code).decode())
        return bytes(w) + bytes(b), loss.value


def main(path):
    layer = Layer(path)
    serial, loss = layer.train()
    print("loss %.9g" % loss)

    def compare(name, context):
        same = layer.train(context)[0] == serial
        print(f"{name}: {'the same bits' if same else 'other bits'}", flush=True)

    pool = layer.pool_create(4)
    on_pool = Context(pool)
    compare("a pool of 4", on_pool)

    executor = ThreadPoolExecutor(2)

    @ParallelFor
    def parallel_for(_, count, task, data):
        list(executor.map(lambda number: task(data, number), range(count)))

    compare("threads of the host", Context(parallel_for=parallel_for))
    executor.shutdown()

    # The child has the handle, but no threads: its calls run on its own.
    child = os.fork()
    if child == 0:
        same = layer.train(on_pool)[0] == serial
        own = Context(layer.pool_create(2))
        same = same and layer.train(own)[0] == serial
        layer.pool_destroy(own.pool)
        os._exit(0 if same else 1)
    status = os.waitpid(child, 0)[1]
    print("a child process:", "the same bits" if status == 0 else "other bits")

    # Other libraries go beside it in one process, and may use its pool.
    for other in sys.argv[2:]:
        same = Layer(other).train(on_pool)[0] == serial
        print("beside it:", "the same bits" if same else "other bits")
    layer.pool_destroy(pool)


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1])
