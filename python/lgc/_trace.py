"""Python functions as bodies of graphs: values that remember what is done with them.

A `Trace` lists calls in the order in which they are made; `Value`s are parameters, constants and results of calls.
`Trace.statements` writes the calls that something depends on as statements of the graph language: what is used once is
written where it is used, everything else gets a name.
"""

from __future__ import annotations

import contextvars
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable, Optional, Union

from ._library import Error
from ._types import Dim, Type

# How long an expression may be that is written where it is used.
_INLINE = 60
_CURRENT: contextvars.ContextVar[Optional[Trace]] = contextvars.ContextVar("lgc_trace", default=None)
IDENTIFIER = re.compile(r"[A-Za-z_]\w*", re.ASCII)


class TraceError(Error, TypeError):
    """Something that a graph does not have is done with a value."""


class Call:
    """An operation: what it is applied to, and how it is written."""

    def __init__(self, operands: list[Value], form: Callable[[list[str]], str], count: int, path: bool) -> None:
        self.operands, self.form, self.count = operands, form, count
        # A part of a value is written where it is used, and is a part of something that has a name.
        self.is_path = path
        self.names: list[Optional[str]] = [None] * count
        self.text = ""


class Value:
    """A value of a graph: operators and the functions of `lgc.ops` apply to it. Fields of structs are attributes.

    Which fields and elements there are is known of parameters; of other values the compiler says if one is missing.
    """

    __slots__ = ("_trace", "_call", "_index", "_text", "_type", "_is_bool")
    __array_ufunc__ = None  # so that NumPy leaves operators to values
    _trace: Trace
    _call: Optional[Call]
    _index: int
    _text: str
    _type: Optional[Type]
    _is_bool: bool

    def __init__(self, trace: Trace, text: str = "", call: Optional[Call] = None, index: int = 0) -> None:
        self._trace, self._text, self._call, self._index = trace, text, call, index
        self._type, self._is_bool = None, False

    def __repr__(self) -> str:
        return f"<value {self._type.text if self._type else ''} of graph {self._trace.name}>".replace("  ", " ")

    def __getattr__(self, name: str) -> Value:
        if name.startswith("__") or (self._type and not (self._type.is_struct and not self._type.lengths)):
            raise AttributeError(f"{self!r} has no fields; ops are functions of `lgc.ops`: no `{name}`")
        fields = self._type.fields if self._type else None
        field = name[:-1] if fields is not None and name not in fields and name[-1:] == "_" else name
        if fields is not None and field not in fields:
            raise AttributeError(f"the struct {self._type} has no field `{name}`: it has {', '.join(fields)}")
        return self._part(f".{field}", fields[field] if fields is not None else None)

    def __getitem__(self, index: Union[int, slice]) -> Value:
        if self._type and not self._type.lengths:
            raise TraceError(f"{self!r} is no array; elements of tensors are taken by `lgc.ops.slice` or `gather`")
        if isinstance(index, int):
            if index < 0 or (self._type and self._type.lengths[0].isdigit() and index >= int(self._type.lengths[0])):
                raise IndexError(f"{self!r} has no element {index}")
            return self._part(f"[{index}]", self._type.element if self._type else None)
        if not isinstance(index, slice) or index.step is not None:
            raise TraceError("an element of an array is taken by an integer, and a part by `[a:b]`")
        bounds = ["" if bound is None else str(bound) for bound in (index.start, index.stop)]
        return self._part(f"[{bounds[0]}:{bounds[1]}]", None)

    def __len__(self) -> int:
        if self._type and self._type.lengths and self._type.lengths[0].isdigit():
            return int(self._type.lengths[0])
        raise TraceError(
            f"the length of {self!r} is not known while Python runs: only arrays of a given length have one"
        )

    def __iter__(self) -> Iterator[Value]:
        return (self[index] for index in range(len(self)))

    def __bool__(self) -> bool:
        raise TraceError("what a value is, is known when the graph runs: choose by `lgc.ops.select` or `lgc.cond`")

    def _part(self, suffix: str, type: Optional[Type]) -> Value:
        (part,) = self._trace.call([self], lambda texts: texts[0] + suffix, 1, path=True)
        return part._typed(type)

    def _typed(self, type: Optional[Type]) -> Value:
        self._type = type
        self._is_bool = type is not None and type.name == "bool"
        return self

    def _infix(self, operator: str, other: Operand, swapped: bool = False, is_bool: bool = False) -> Value:
        mine, others = self, self._trace.operand(other)
        operands = [others, mine] if swapped else [mine, others]
        (result,) = self._trace.call(operands, lambda texts: f"({texts[0]} {operator} {texts[1]})", 1)
        result._is_bool = is_bool
        return result

    def _logic(self, words: str, bits: str, other: Operand, swapped: bool = False) -> Value:
        """`&` of truth values is `&&`, as NumPy means it, and that of integers is one of bits."""
        logical = self._is_bool or isinstance(other, bool) or (isinstance(other, Value) and other._is_bool)
        return self._infix(words if logical else bits, other, swapped, logical)

    def __add__(self, other: Operand) -> Value:
        return self._infix("+", other)

    def __radd__(self, other: Operand) -> Value:
        return self._infix("+", other, True)

    def __sub__(self, other: Operand) -> Value:
        return self._infix("-", other)

    def __rsub__(self, other: Operand) -> Value:
        return self._infix("-", other, True)

    def __mul__(self, other: Operand) -> Value:
        return self._infix("*", other)

    def __rmul__(self, other: Operand) -> Value:
        return self._infix("*", other, True)

    def __truediv__(self, other: Operand) -> Value:
        return self._infix("/", other)

    def __rtruediv__(self, other: Operand) -> Value:
        return self._infix("/", other, True)

    def __mod__(self, other: Operand) -> Value:
        return self._infix("%", other)

    def __rmod__(self, other: Operand) -> Value:
        return self._infix("%", other, True)

    def __pow__(self, other: Operand) -> Value:
        return self._infix("**", other)

    def __rpow__(self, other: Operand) -> Value:
        return self._infix("**", other, True)

    def __matmul__(self, other: Operand) -> Value:
        return self._infix("@", other)

    def __rmatmul__(self, other: Operand) -> Value:
        return self._infix("@", other, True)

    def __lshift__(self, other: Operand) -> Value:
        return self._infix("<<", other)

    def __rshift__(self, other: Operand) -> Value:
        return self._infix(">>", other)

    def __and__(self, other: Operand) -> Value:
        return self._logic("&&", "&", other)

    def __rand__(self, other: Operand) -> Value:
        return self._logic("&&", "&", other, True)

    def __or__(self, other: Operand) -> Value:
        return self._logic("||", "|", other)

    def __ror__(self, other: Operand) -> Value:
        return self._logic("||", "|", other, True)

    def __xor__(self, other: Operand) -> Value:
        return self._logic("!=", "^", other)

    def __eq__(self, other: Operand) -> Value:  # type: ignore[override]
        return self._infix("==", other, is_bool=True)

    def __ne__(self, other: Operand) -> Value:  # type: ignore[override]
        return self._infix("!=", other, is_bool=True)

    def __lt__(self, other: Operand) -> Value:
        return self._infix("<", other, is_bool=True)

    def __le__(self, other: Operand) -> Value:
        return self._infix("<=", other, is_bool=True)

    def __gt__(self, other: Operand) -> Value:
        return self._infix(">", other, is_bool=True)

    def __ge__(self, other: Operand) -> Value:
        return self._infix(">=", other, is_bool=True)

    __hash__ = object.__hash__

    def _prefix(self, operator: str, is_bool: bool = False) -> Value:
        (result,) = self._trace.call([self], lambda texts: f"({operator}{texts[0]})", 1)
        result._is_bool = is_bool
        return result

    def __neg__(self) -> Value:
        return self._prefix("-")

    def __pos__(self) -> Value:
        return self

    def __invert__(self) -> Value:
        return self._prefix("!", True)

    def __abs__(self) -> Value:
        return call_op("abs", (self,), 1)[0]


# What stands where a value is wanted: lists are constant tensors, or arrays where values are in them.
Operand = Union[Value, Dim, bool, int, float, Sequence[Any], Any]
# What can be an attribute: None is left out, text is a name such as `tanh`.
Attribute = Any


class Trace:
    """The body of a graph while a Python function writes it."""

    def __init__(self, name: str, taken: set[str]) -> None:
        self.name, self.taken = name, taken
        self.calls: list[Call] = []
        self.updates: list[tuple[str, Value]] = []
        self.number = 0

    @staticmethod
    def current() -> Trace:
        """The trace that is under way."""
        trace = _CURRENT.get()
        if trace is None:
            raise TraceError("there is no graph here: this is for functions that `Graph.graph` or `Graph.entry` traces")
        return trace

    def run(self, function: Callable[..., Any], values: Mapping[str, Value]) -> Any:
        """What the function yields of these values."""
        token = _CURRENT.set(self)
        try:
            return function(**values)
        finally:
            _CURRENT.reset(token)

    def call(
        self, operands: list[Value], form: Callable[[list[str]], str], count: int, path: bool = False
    ) -> list[Value]:
        """The results of an operation."""
        for operand in operands:
            if operand._trace is not self:
                raise TraceError(f"{operand!r} is used in the graph {self.name}: pass it as an argument")
        call = Call(operands, form, count, path)
        self.calls.append(call)
        return [Value(self, call=call, index=index) for index in range(count)]

    def operand(self, value: Operand) -> Value:
        """A value, or a constant as one."""
        if isinstance(value, Value):
            return value
        if isinstance(value, (list, tuple)) and any(isinstance(leaf, Value) for leaf in _flat(value)):
            elements = [self.operand(element) for element in value]
            return self.call(elements, lambda texts: f"[{', '.join(texts)}]", 1)[0]
        constant = Value(self, literal(value))
        constant._is_bool = isinstance(value, bool)
        return constant

    def name_call(self, value: Value, name: str) -> bool:
        """Whether the result of a call can have this name: it has none yet, and is no part of something."""
        call = value._call
        if call is None or call.is_path or call.names[value._index] is not None:
            return False
        call.names[value._index] = name
        return True

    def statements(self, results: Mapping[str, Value]) -> list[str]:
        """The body that defines these results, and next values."""
        copies = [(name, value) for name, value in results.items() if not self.name_call(value, name)]
        copies += self.updates
        uses = self._uses([*results.values(), *(value for _, value in self.updates)])
        needed = {call for call, _ in uses}
        lines = [line for call in self.calls if call in needed for line in self._statement(call, uses)]
        return lines + [f"{target} = {_text(value)}" for target, value in copies]

    def _uses(self, roots: list[Value]) -> dict[tuple[Call, int], int]:
        """How often each result of a call is used, of the calls that something depends on. What has a name is kept."""
        uses: dict[tuple[Call, int], int] = {}

        def use(value: Value, times: int) -> None:
            if value._call is not None:
                key = (value._call, value._index)
                uses[key] = uses.get(key, 0) + times

        for value in roots:
            use(value, 1)
        # Operands are made before what is made of them.
        for call in reversed(self.calls):
            if any((call, index) in uses or call.names[index] for index in range(call.count)):
                uses.setdefault((call, 0), 0)
                for operand in call.operands:
                    # What a part is taken of needs a name, as does what is used more than once.
                    use(operand, 2 if call.is_path else 1)
        return uses

    def _statement(self, call: Call, uses: dict[tuple[Call, int], int]) -> list[str]:
        """The statement of a call, if it is one of its own."""
        call.text = call.form([_text(operand) for operand in call.operands])
        is_short = uses[call, 0] == 1 and len(call.text) <= _INLINE
        if call.is_path or (call.count == 1 and is_short and not call.names[0]):
            return []
        for index, name in enumerate(call.names):
            call.names[index] = name or (self.fresh() if uses.get((call, index)) else "_")
        names = ", ".join(map(str, call.names))
        return [f"{names} = {call.text}" if call.count == 1 else f"({names}) = {call.text}"]

    def fresh(self) -> str:
        """A name that nothing has."""
        while f"v{self.number}" in self.taken:
            self.number += 1
        self.taken.add(f"v{self.number}")
        return f"v{self.number}"


def _text(value: Value) -> str:
    """How a value is written where it is used."""
    if value._call is None:
        return value._text
    return value._call.names[value._index] or value._call.text


def _flat(value: Any) -> Iterator[Any]:
    for element in value:
        if isinstance(element, (list, tuple)):
            yield from _flat(element)
        else:
            yield element


def literal(value: Any) -> str:
    """A constant or an attribute as the language writes it."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, str, Dim)):
        return str(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, Type):
        return value.name if value.dims is None else value.text
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(literal, value))}]"
    if callable(value):
        from ._functions import as_function

        return as_function(value).text
    raise TraceError(f"a `{type(value).__name__}` is no constant of a graph: give numbers, lists, or arrays of NumPy")


def call_op(name: str, operands: Sequence[Operand], count: int, **attributes: Attribute) -> tuple[Value, ...]:
    """The results of an op or graph."""
    traces = [operand._trace for operand in operands if isinstance(operand, Value)]
    trace = traces[0] if traces else Trace.current()
    given = [f"{name} = {literal(value)}" for name, value in attributes.items() if value is not None]
    values = [trace.operand(operand) for operand in operands]
    return tuple(trace.call(values, lambda texts: f"{name}({', '.join([*texts, *given])})", count))


def construct(head: str, type: Type, values: Sequence[Operand], fields: Mapping[str, Operand]) -> Value:
    """A struct of these fields."""
    trace = Trace.current()
    operands = [trace.operand(value) for value in [*values, *fields.values()]]
    labels = [""] * len(values) + [f"{name} = " for name in fields]

    def form(texts: list[str]) -> str:
        return f"{head}({', '.join(map(str.__add__, labels, texts))})"

    return trace.call(operands, form, 1)[0]._typed(type)


def name(value: Value, name: str) -> Value:
    """Gives a value a name in its graph, by which `wrt` finds it: `h = lgc.name(x @ w, "h")`."""
    if not IDENTIFIER.fullmatch(name) or name in value._trace.taken:
        raise TraceError(f"`{name}` cannot name a value of the graph {value._trace.name}: it is taken, or no name")
    value._trace.taken.add(name)
    if not value._trace.name_call(value, name):
        raise TraceError(f"{value!r} cannot be called `{name}`: it is a parameter or a part, or has a name already")
    return value


def update(target: Value, next: Operand) -> None:
    """Says what the next value of an `inout` parameter is, or of a part of one: `p' = …` of the language."""
    trace = target._trace
    call: Optional[Call] = target._call
    operands = [target]
    while call is not None and call.is_path:
        operands.append(call.operands[0])
        call = operands[-1]._call
    text = operands[-1]._text
    for part in reversed(operands[:-1]):
        assert part._call is not None
        text = part._call.form([text])
    if call is not None or not text:
        raise TraceError(f"{target!r} has no next value: only `inout` parameters and their parts do")
    trace.updates.append((f"{text}'", trace.operand(next)))
