"""Functions of graphs: what can be called while a graph is traced, and what transforms make of it.

A function is its text in the language, such as `grad(loss, wrt = w)`, and how many results it has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Optional, Union

from ._trace import Operand, TraceError, Value, call_op, literal

Names = Union[str, Sequence[str]]


class Function:
    """A function that a graph can call: a graph, an op, or what a transform makes of one.

    `tangents` counts the results that have some: all, unless it is known that some are integers.
    """

    def __init__(self, text: str, results: int, parameters: Sequence[str] = (), tangents: Optional[int] = None) -> None:
        self.text, self.results, self.parameters = text, results, tuple(parameters)
        self.tangents = results if tangents is None else tangents

    def __repr__(self) -> str:
        return f"<function {self.text}>"

    def __call__(self, *operands: Operand, **attributes: Any) -> Any:
        """Its value, or a tuple of several."""
        values = call_op(self.text, operands, self.results, **attributes)
        return values[0] if len(values) == 1 else values

    def yields(self, results: int) -> Function:
        """The same function, which has so many results: what another file declares is not known here."""
        return Function(self.text, results, self.parameters)


class _All:
    """Every value of a function, for `wrt` and `ct`."""

    def __repr__(self) -> str:
        return "all"


all = _All()


def as_function(function: Callable[..., Any]) -> Function:
    """A function that a transform can take."""
    if isinstance(function, Function):
        return function
    from . import ops

    name = getattr(function, "__name__", "")
    if getattr(ops, name, None) is function:
        return Function(name, ops.RESULTS.get(name, 1), ops.OPERANDS[name])
    raise TraceError(f"{function!r} is no function of a graph: mark it with `Graph.graph`, or take one of `lgc.ops`")


def _names(names: Union[Names, _All, None]) -> Optional[str]:
    """`w`, `[w, b]` or `all`."""
    return None if names is None else str(names) if isinstance(names, (str, _All)) else f"[{', '.join(names)}]"


def _count(names: Union[Names, _All]) -> int:
    return 1 if isinstance(names, (str, _All)) else len(names)


def _transform(transform: str, functions: Sequence[Function], results: int, **attributes: Any) -> Function:
    given = [f"{name} = {literal(value)}" for name, value in attributes.items() if value is not None]
    text = f"{transform}({', '.join([*(function.text for function in functions), *given])})"
    integers = functions[0].results - functions[0].tangents
    return Function(text, results, functions[0].parameters, results - integers)


def _wrt(function: Function, wrt: Union[Names, _All, None]) -> Union[Names, _All]:
    """What a derivative is by: the first parameter, where nothing is said, as in JAX."""
    if wrt is None and not function.parameters:
        raise TraceError(f"say by what {function.text} is differentiated: `wrt`")
    return function.parameters[0] if wrt is None else wrt


def grad(f: Callable[..., Any], wrt: Union[Names, _All, None] = None, of: Optional[str] = None) -> Function:
    """The gradients of the scalar result `of` by `wrt`: a name, a path such as `p.w`, a list of them, or `lgc.all`."""
    function = as_function(f)
    wrt = _wrt(function, wrt)
    gradients = _transform("grad", [function], _count(wrt), wrt=_names(wrt), of=of)
    return Function(gradients.text, gradients.results, gradients.parameters)


def value_and_grad(f: Callable[..., Any], wrt: Union[Names, _All, None] = None, of: Optional[str] = None) -> Function:
    """The results of a function, then the gradients of the scalar result `of` by `wrt`."""
    function = as_function(f)
    wrt = _wrt(function, wrt)
    return _transform("value_and_grad", [function], function.results + _count(wrt), wrt=_names(wrt), of=of)


def vjp(f: Callable[..., Any], wrt: Union[Names, _All, None] = None, ct: Union[Names, _All, None] = None) -> Function:
    """Reverse mode: called with the arguments, then a cotangent for each float result and each of `ct`; yields the
    results, then the cotangents of `wrt`."""
    function = as_function(f)
    wrt = _wrt(function, wrt)
    return _transform("vjp", [function], function.results + _count(wrt), wrt=_names(wrt), ct=_names(ct))


def jvp(f: Callable[..., Any], wrt: Optional[Names] = None) -> Function:
    """Forward mode: called with the arguments, then a tangent for each of `wrt`; yields the results, then theirs."""
    function = as_function(f)
    return _transform("jvp", [function], function.results + function.tangents, wrt=_names(_wrt(function, wrt)))


def checkpoint(f: Callable[..., Any]) -> Function:
    """The same function, whose derivative computes again what it needs instead of keeping it."""
    function = as_function(f)
    return _transform("checkpoint", [function], function.results)


def scan(
    f: Callable[..., Any],
    carry: Optional[Names] = None,
    over: Optional[Names] = None,
    *,
    reverse: Optional[bool] = None,
    length: Optional[Any] = None,
) -> Function:
    """A loop of the compiled program: `f` of each slice of the parameters `over`, with those of `carry` passed from
    turn to turn. Yields the last carried values, then the other results of `f`, stacked."""
    function = as_function(f)
    names = {"carry": _names(carry), "over": _names(over)}
    return _transform("scan", [function], function.results, **names, reverse=reverse, length=length)


def associative_scan(f: Callable[..., Any], *, reverse: Optional[bool] = None) -> Function:
    """What `f` combines of slices 0 to i along the leading axis, for each i."""
    function = as_function(f)
    return _transform("associative_scan", [function], function.results, reverse=reverse)


def cond(f: Callable[..., Any], g: Callable[..., Any]) -> Function:
    """A branch of the compiled program: called with a bool scalar and the arguments of `f` and `g`, of which only the
    one that is chosen runs."""
    functions = [as_function(f), as_function(g)]
    return _transform("cond", functions, functions[0].results)


def map(f: Callable[..., Any], tree: Operand, *more: Operand) -> Value:
    """`f` of each part of a struct or array."""
    return call_op("map", [as_function(f), tree, *more], 1)[0]


def zip(f: Callable[..., Any], *trees: Operand) -> Any:
    """`f` of the parts of several structs or arrays that are made alike, part by part."""
    function = as_function(f)
    values = call_op("zip", [function, *trees], function.results)
    return values[0] if len(values) == 1 else values


def fold(f: Callable[..., Any], init: Operand, *trees: Operand) -> Value:
    """`f` of what it yielded for the part before and of each part, beginning with `init`."""
    return call_op("fold", [as_function(f), init, *trees], 1)[0]


def einsum(form: str, *operands: Operand) -> Value:
    """Any sum of products, with a letter for each axis: `einsum("bij,bjk->bik", x, y)`."""
    return call_op("einsum", [f'"{form}"', *operands], 1)[0]


def constant(path: str, name: str) -> Value:
    """A constant tensor of a safetensors file: `load` of the language, whose path is relative to the graph."""
    return call_op("load", [f'"{path}"', f'"{name}"'], 1)[0]
