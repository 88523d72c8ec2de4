"""lgc: an ahead-of-time compiler for differentiable tensor graphs.

    import lgc

    digits = lgc.compile("digits.graph", B=32)
    loss = digits.step(x, labels, 0.1, 0.9, p, v)

`compile` makes a library of a graph and loads it, `load` loads one that is there. `docs/python.md` of the repository
says more.
"""

from ._compiler import CompileError, CompilerError, CompileWarning, Diagnostic, Span, compile, executable
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

__all__ = [
    "ArgumentError",
    "CallError",
    "ClosedError",
    "CompileError",
    "CompileWarning",
    "CompilerError",
    "Condition",
    "Diagnostic",
    "Entry",
    "Error",
    "IndexOutOfRange",
    "LibraryError",
    "Module",
    "Results",
    "Span",
    "Struct",
    "Tensor",
    "compile",
    "executable",
    "load",
    "load_state_dict",
    "named_leaves",
]
