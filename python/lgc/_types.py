"""Types of graphs that are written in Python: dtypes, extents, structs, arrays.

A type is printed as the graph language writes it, and knows what a trace must know of it: which fields and elements a
value has. Everything else about types is the compiler's business.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Optional, Union

_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class Dim:
    """An extent that has a name, or arithmetic of such extents."""

    text: str

    def __add__(self, other: Extent) -> Dim:
        return Dim(f"({self.text} + {extent(other)})")

    def __radd__(self, other: Extent) -> Dim:
        return Dim(f"({extent(other)} + {self.text})")

    def __sub__(self, other: Extent) -> Dim:
        return Dim(f"({self.text} - {extent(other)})")

    def __rsub__(self, other: Extent) -> Dim:
        return Dim(f"({extent(other)} - {self.text})")

    def __mul__(self, other: Extent) -> Dim:
        return Dim(f"({self.text} * {extent(other)})")

    def __rmul__(self, other: Extent) -> Dim:
        return Dim(f"({extent(other)} * {self.text})")

    def __floordiv__(self, other: Extent) -> Dim:
        return Dim(f"({self.text} / {extent(other)})")

    def __mod__(self, other: Extent) -> Dim:
        return Dim(f"({self.text} % {extent(other)})")

    def __str__(self) -> str:
        return self.text


Extent = Union[int, str, Dim]


def extent(value: Extent) -> str:
    """An extent as text."""
    if isinstance(value, bool) or not isinstance(value, (int, str, Dim)):
        raise TypeError(f"{value!r} is no extent: give an integer, or the name of a dim")
    return str(value)


@dataclass(frozen=True)
class Type:
    """A dtype or struct, with its extents or dims, and the lengths of arrays of it.

    `f32[64, "N"]` is a matrix, `f32` or `f32[()]` a scalar, `f32[64][3]` an array of three vectors. Brackets after a
    struct hold its dims, if it has any, and the lengths of arrays after them.
    """

    name: str
    is_struct: bool = False
    dims: Optional[tuple[str, ...]] = None
    lengths: tuple[str, ...] = ()
    fields: Optional[Mapping[str, Type]] = None
    bounds: Optional[tuple[float, float]] = None
    doc: str = ""

    def __getitem__(self, extents: Union[Extent, tuple[Extent, ...]]) -> Type:
        listed = tuple(map(extent, extents if isinstance(extents, tuple) else (extents,)))
        if self.dims is None:
            return replace(self, dims=listed)
        return replace(self, lengths=self.lengths + listed)

    def within(self, low: float, high: float) -> Type:
        """The type of a parameter whose elements lie there, for which its callers answer."""
        return replace(self, bounds=(low, high))

    def about(self, doc: str) -> Type:
        """The type of a parameter that is documented."""
        return replace(self, doc=doc)

    @property
    def text(self) -> str:
        """As the language writes it."""
        dims = "" if self.is_struct and not self.dims else f"[{', '.join(self.dims or ())}]"
        return self.name + dims + "".join(f"[{length}]" for length in self.lengths)

    @property
    def element(self) -> Type:
        """The type of an element of an array."""
        return replace(self, lengths=self.lengths[1:], bounds=None, doc="")

    @property
    def is_differentiable(self) -> bool:
        """Whether values of it have tangents: floats, and structs."""
        return self.is_struct or self.name in ("f16", "bf16", "f32", "f64")

    def names(self) -> list[str]:
        """The names of dims in it, in order."""
        extents = [*(self.dims or ()), *self.lengths]
        return [name for text in extents for name in _NAME.findall(text)]

    def __call__(self, *values: Any, **fields: Any) -> Any:
        """A struct of these fields, in a graph that is traced."""
        from ._trace import construct

        if not self.is_struct:
            raise TypeError(f"{self.text} is no struct; `lgc.ops.cast` converts, and `lgc.ops.full` makes constants")
        head = self.name + (f"[{', '.join(self.dims)}]" if self.dims else "")
        return construct(head, self, values, fields)


@dataclass(frozen=True)
class Inout:
    """The type of a parameter that is updated in place."""

    type: Type


def inout(of: Type) -> Inout:
    """The type of a parameter that is updated in place: `lgc.update` gives its next value."""
    return Inout(of)


bool_, i32, i64, u32 = Type("bool"), Type("i32"), Type("i64"), Type("u32")
f16, bf16, f32, f64 = Type("f16"), Type("bf16"), Type("f32"), Type("f64")
