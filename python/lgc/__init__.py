"""lgc: an ahead-of-time compiler for differentiable tensor graphs.

    import lgc

    digits = lgc.compile("digits.graph", B=32)
    loss = digits.step(x, labels, 0.1, 0.9, p, v)

`compile` makes a library of a graph and loads it, `load` loads one that is there. `docs/python.md` of the repository
says more.
"""

try:
    from . import ops
except ImportError:
    raise ImportError(
        "this is the source of the package lgc, whose ops are written when it is built: install it by "
        "`pip install ./python` in the repository"
    ) from None
from ._compiler import CompileError, CompilerError, CompileWarning, Diagnostic, Span, compile, executable
from ._functions import (
    Function,
    all,
    associative_scan,
    checkpoint,
    cond,
    constant,
    einsum,
    fold,
    grad,
    jvp,
    map,
    scan,
    value_and_grad,
    vjp,
    zip,
)
from ._graph import Graph
from ._library import (
    ArgumentError,
    CallError,
    ClosedError,
    Condition,
    Entry,
    Error,
    IndexOutOfRange,
    LibraryError,
    Module,
    Results,
    Struct,
    Tensor,
    load,
    load_state_dict,
    named_leaves,
)
from ._safetensors import load_tensors, save_tensors
from ._trace import TraceError, Value, name, update
from ._types import Dim, Type, bf16, bool_, f16, f32, f64, i32, i64, inout, u32

__all__ = [
    "ArgumentError",
    "CallError",
    "ClosedError",
    "CompileError",
    "CompileWarning",
    "CompilerError",
    "Condition",
    "Diagnostic",
    "Dim",
    "Entry",
    "Error",
    "Function",
    "Graph",
    "IndexOutOfRange",
    "LibraryError",
    "Module",
    "Results",
    "Span",
    "Struct",
    "Tensor",
    "TraceError",
    "Type",
    "Value",
    "all",
    "associative_scan",
    "bf16",
    "bool_",
    "checkpoint",
    "compile",
    "cond",
    "constant",
    "einsum",
    "executable",
    "f16",
    "f32",
    "f64",
    "fold",
    "grad",
    "i32",
    "i64",
    "inout",
    "jvp",
    "load",
    "load_state_dict",
    "load_tensors",
    "map",
    "name",
    "named_leaves",
    "ops",
    "save_tensors",
    "scan",
    "u32",
    "update",
    "value_and_grad",
    "vjp",
    "zip",
]
