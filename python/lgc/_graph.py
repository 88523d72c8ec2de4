"""Files of graphs that are written in Python.

    file = lgc.Graph()
    N = file.dim("N", 64)

    @file.graph
    def loss(w: f32[3], x: f32["M", 3], y: f32["M"]) -> {"l": f32}:
        return ops.mean(ops.square(x @ w - y))

    @file.entry
    def step(x: f32[N, 3], y: f32[N], rate: f32, w: inout(f32[3])) -> {"l": f32}:
        l, d = lgc.value_and_grad(loss, wrt="w")(w, x, y)
        lgc.update(w, w - rate * d)
        return l

    print(file.text)
    step = file.compile().step

Functions run once, when they are marked: what they do with values becomes the body of a graph. Annotations are types,
results are declared as in the language. Functions that are not marked are part of the graph that calls them.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import Any, Union

from ._compiler import compile, run
from ._functions import Function
from ._library import Module
from ._trace import IDENTIFIER, Trace, TraceError, Value
from ._types import Dim, Extent, Inout, Type, extent


class Names:
    """What another file declares: its graphs, to be called, and its structs, as types."""

    def __getattr__(self, name: str) -> Name:
        if name.startswith("__"):
            raise AttributeError(name)
        return Name(name)


class Name(Function):
    """A graph or struct of another file, of which Python knows the name."""

    def __init__(self, name: str) -> None:
        super().__init__(name, 1)

    def __getitem__(self, extents: Union[Extent, tuple[Extent, ...]]) -> Type:
        return Type(self.text, is_struct=True)[extents]

    @property
    def type(self) -> Type:
        """The struct of this name, which has no dims."""
        return Type(self.text, is_struct=True, dims=())


class Graph:
    """A file of the graph language, which Python writes."""

    def __init__(self, doc: str = "") -> None:
        self._doc, self._items = doc, list[str]()
        self._dims: dict[str, int] = {}
        self._names: set[str] = set()
        # What was traced: where it stands among the items, its parameters and its results.
        self._traced: dict[str, tuple[int, dict[str, Type], dict[str, Type]]] = {}

    @property
    def text(self) -> str:
        """The file in its canonical form, as `lgc fmt` writes it."""
        return run(["fmt", "-"], self.source)

    @property
    def source(self) -> str:
        """The file as it is written before `lgc fmt` puts it in order."""
        return "\n\n".join([_docs(self._doc, "//!")] * bool(self._doc) + self._items) + "\n"

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes the file: a `.graph`."""
        Path(path).write_text(self.text, encoding="utf-8")

    def compile(self, **options: Any) -> Module:
        """Compiles the file as `lgc.compile` does, and loads the library."""
        return compile(self, **options)

    def use(self, path: str) -> Names:
        """What another file declares, or the standard library: `std/layers.graph`."""
        self._items.append(f'use "{path}"')
        return Names()

    def dim(self, name: str, value: int, doc: str = "") -> Dim:
        """A named extent, which `compile(N=32)` sets to another value."""
        self._declare(name)
        self._dims[name] = value
        self._items.append(f"{_docs(doc)}dim {name} = {extent(value)}")
        return Dim(name)

    def struct(self, declared: type) -> Type:
        """Marks a class whose annotations are the fields of a struct. Its dims are those that the file has not."""
        fields = _annotations(declared, sys._getframe(1))
        for field, type in fields.items():
            if not isinstance(type, Type):
                raise TraceError(
                    f"the field `{field}` of {declared.__name__} is no type: annotate it as in `w: f32[3]`"
                )
        self._declare(declared.__name__)
        dims = self._own_dims(fields.values())
        listed = ", ".join(f"{_doc_of(field)}{name}: {field.text}" for name, field in fields.items())
        head = declared.__name__ + (f"[{', '.join(dims)}]" if dims else "")
        self._items.append(f"{_docs(_own_doc(declared))}struct {head} {{ {listed} }}")
        return Type(declared.__name__, True, None if dims else (), fields=fields)

    def graph(self, function: Callable[..., Any]) -> Function:
        """Marks a function that is traced: a graph, which others of the file call."""
        return self._function("graph", function, sys._getframe(1))

    def entry(self, function: Callable[..., Any], name: str = "") -> Function:
        """Marks a function that is traced: an entry, which the library exports. A function of the graph, such as
        `lgc.grad(loss)`, is exported by a `name`."""
        if isinstance(function, Function):
            self._declare(name)
            self._items.append(f"entry {name} = {function.text}")
            return Function(name, function.results, function.parameters, function.tangents)
        return self._function("entry", function, sys._getframe(1))

    def rule(self, graph: Function, *, surrogate: bool = False) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
        """Marks how a graph is differentiated in reverse, in the place of what its body says: its `vjp` block.

        The function takes what it needs of the parameters, results and cotangents (`ct_y` of the result `y`) by their
        names, and returns the cotangents of parameters by theirs: `{"x": ct_y * x / y}`. A rule that is meant to differ
        from the derivative of the body is a `surrogate`.
        """

        def mark(function: Callable[..., Any]) -> Callable[..., Any]:
            if graph.text not in self._traced:
                raise TraceError(f"{graph!r} is no graph that this file traced")
            at, parameters, results = self._traced[graph.text]
            cotangents = {f"ct_{name}": type for name, type in results.items() if type.is_differentiable}
            known = {**parameters, **results, **cotangents}
            wanted = list(inspect.signature(function).parameters)
            for name in wanted:
                if name not in known:
                    raise TraceError(f"the rule of {graph.text} has no `{name}`: it has {', '.join(known)}")
            trace = Trace(f"{graph.text}, in its rule", {*self._names, *known, *(f"d_{name}" for name in parameters)})
            values = {name: Value(trace, name)._typed(known[name]) for name in wanted}
            yielded = trace.run(function, values)
            if not isinstance(yielded, Mapping) or not set(yielded) <= set(parameters):
                raise TraceError(f"the rule of {graph.text} returns cotangents by the names of {', '.join(parameters)}")
            body = trace.statements({f"d_{name}": trace.operand(value) for name, value in yielded.items()})
            given = ", ".join(f"ct_{name}" if f"ct_{name}" in cotangents else "_" for name in results)
            defined = ", ".join(f"d_{name}" if name in yielded else "_" for name in parameters)
            lines = "".join(f"    {line}\n" for line in body)
            self._items[at] += f" vjp{' surrogate' * surrogate}({given}) -> ({defined}) {{\n{lines}}}"
            return function

        return mark

    def _declare(self, name: str) -> None:
        if not IDENTIFIER.fullmatch(name):
            raise TraceError(f"`{name}` is no name: a letter or `_`, then letters, digits and `_`")
        if name in self._names:
            raise TraceError(f"the file declares `{name}` already")
        self._names.add(name)

    def _own_dims(self, types: Any) -> list[str]:
        names = [name for type in types for name in type.names()]
        return list(dict.fromkeys(name for name in names if name not in self._dims))

    def _function(self, kind: str, function: Callable[..., Any], frame: FrameType) -> Function:
        name = function.__name__
        declared = _annotations(function, frame)
        yields = declared.pop("return", None)
        parameters = _parameters(function, declared)
        results = _results(name, yields, "result" if "y" in parameters else "y")
        types = {name: p.type if isinstance(p, Inout) else p for name, p in parameters.items()}
        dims = self._own_dims([*types.values(), *results.values()])
        trace = Trace(name, {*self._names, *parameters, *results, *dims})
        values = {name: Value(trace, name)._typed(type) for name, type in types.items()}
        yielded = _yielded(trace, results, trace.run(function, values))
        self._declare(name)
        listed = ", ".join(_parameter(name, parameter) for name, parameter in parameters.items())
        declared_results = ", ".join(f"{_doc_of(type)}{name}: {type.text}" for name, type in results.items())
        head = f"{kind} {name}" + (f"[{', '.join(dims)}]" if dims else "")
        body = "".join(f"    {line}\n" for line in trace.statements(yielded))
        docs = _docs(_own_doc(function))
        self._traced[name] = (len(self._items), types, results)
        self._items.append(f"{docs}{head}({listed}) -> ({declared_results}) {{\n{body}}}")
        tangents = sum(type.is_differentiable for type in results.values())
        return Function(name, len(results), list(parameters), tangents)


def _annotations(declared: Any, frame: FrameType) -> dict[str, Any]:
    """The annotations as types: those that are text, as `from __future__ import annotations` leaves them, evaluated."""
    given: dict[str, Any] = declared.__dict__.get("__annotations__") or getattr(declared, "__annotations__", {})

    def evaluated(value: Any) -> Any:
        value = eval(value, frame.f_globals, frame.f_locals) if isinstance(value, str) else value
        return value.type if isinstance(value, Name) else value

    return {name: evaluated(value) for name, value in given.items()}


def _parameters(function: Callable[..., Any], declared: Mapping[str, Any]) -> dict[str, Union[Type, Inout]]:
    """The types of the parameters, by name. What has a default instead of a type is Python's alone."""
    parameters = {}
    for name, parameter in inspect.signature(function).parameters.items():
        type = declared.get(name)
        if type is None and parameter.default is not parameter.empty:
            continue
        if not isinstance(type, (Type, Inout)):
            help = f"annotate it, as in `{name}: f32[3]`; what is known in Python needs no parameter"
            raise TraceError(f"the parameter `{name}` of {function.__name__} has no type: {help}")
        parameters[name] = type
    return parameters


def _results(name: str, declared: Any, only: str) -> dict[str, Type]:
    """The declared results, of which an only one needs no name."""
    results = {only: declared} if isinstance(declared, Type) else declared or {}
    if isinstance(results, Mapping):
        results = {result: type.type if isinstance(type, Name) else type for result, type in results.items()}
        if all(isinstance(type, Type) for type in results.values()):
            return results
    raise TraceError(f"the results of {name} are declared by a type, or as in `-> {{'l': f32, 'logits': f32[8, 10]}}`")


def _yielded(trace: Trace, results: Mapping[str, Type], yielded: Any) -> dict[str, Value]:
    """What a function returned, by the names of its results."""
    if isinstance(yielded, Mapping):
        values = dict(yielded)
    else:
        several = len(results) > 1 and isinstance(yielded, (list, tuple))
        listed = list(yielded) if several else [] if yielded is None else [yielded]
        values = dict(zip(results, listed)) if len(listed) == len(results) else {}
    if set(values) != set(results):
        raise TraceError(
            f"{trace.name} declares the results {', '.join(results) or 'none'}, and returns something else"
        )
    return {name: trace.operand(values[name]) for name in results}


def _parameter(name: str, parameter: Union[Type, Inout]) -> str:
    type = parameter.type if isinstance(parameter, Inout) else parameter
    low, high = type.bounds or (0, 0)
    bounds = f" in [{low!r}, {high!r}]" if type.bounds else ""
    return f"{_doc_of(type)}{'inout ' * isinstance(parameter, Inout)}{name}: {type.text}{bounds}"


def _own_doc(declared: Any) -> str:
    """What its author says, not what Python says of every dataclass or function."""
    return inspect.cleandoc(declared.__doc__ or "")


def _doc_of(type: Type) -> str:
    """The documentation of a parameter, on lines of its own."""
    return f"\n{_docs(type.doc)}" if type.doc else ""


def _docs(text: str, mark: str = "///") -> str:
    return "".join(f"{mark} {line}".rstrip() + "\n" for line in text.splitlines())
