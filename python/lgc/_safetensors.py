"""Tensors in files: the safetensors format, which the graph language loads constants from as well.

A file is the length of a header, the header as JSON, and the elements of all tensors, little-endian and row-major.
"""

from __future__ import annotations

import ctypes
import json
import math
import os
from collections.abc import Mapping
from typing import Any, Optional, Union

from ._library import ArgumentError, Error, Tensor, named_leaves, view_of

_NAMES = {
    "bool": "BOOL", "i32": "I32", "i64": "I64", "u32": "U32", "f16": "F16", "bf16": "BF16", "f32": "F32", "f64": "F64",
}  # fmt: skip
_DTYPES = {name: dtype for dtype, name in _NAMES.items()}
_SIZES = {"bool": 1, "i32": 4, "i64": 8, "u32": 4, "f16": 2, "bf16": 2, "f32": 4, "f64": 8}


def save_tensors(tree: Any, path: Union[str, os.PathLike[str]], metadata: Optional[Mapping[str, str]] = None) -> None:
    """Writes the tensors of a tree to a file, by the names of its `state_dict`. The file appears whole."""
    header: dict[str, Any] = {"__metadata__": dict(metadata)} if metadata else {}
    views, end = [], 0
    for name, leaf in named_leaves(tree):
        view = view_of(leaf, name)
        if view.dtype not in _NAMES:
            help = "a bf16 has a dtype of NumPy where ml_dtypes is installed" if view.dtype == "u16" else ""
            raise ArgumentError(f"`{name}` is {view}, which lgc has no dtype for", "DTYPE", help)
        size = math.prod(view.shape) * _SIZES[view.dtype]
        header[name] = {"dtype": _NAMES[view.dtype], "shape": list(view.shape), "data_offsets": [end, end + size]}
        views.append((view, size))
        end += size
    text = json.dumps(header).encode()
    # Elements begin at a multiple of 8, so that they can be used where they are.
    text += b" " * (-len(text) % 8)
    target = os.fspath(path)
    with open(f"{target}.new", "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text)
        for view, size in views:
            file.write(ctypes.string_at(view.address, size))
    os.replace(f"{target}.new", target)


def load_tensors(path: Union[str, os.PathLike[str]]) -> dict[str, Any]:
    """The tensors of a file, by their names: new arrays."""
    with open(path, "rb") as file:
        content = file.read()
    begin = 8 + int.from_bytes(content[:8], "little")
    try:
        if not 8 <= begin <= len(content):
            raise ValueError("its header is not complete")
        header = json.loads(content[8:begin])
        header.pop("__metadata__", None)
        return {name: _tensor(entry, content[begin:]) for name, entry in header.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Error(f"`{os.fspath(path)}` is no file of safetensors: {error}", "SAFETENSORS") from error


def _tensor(entry: Mapping[str, Any], content: bytes) -> Any:
    """The array that an entry of the header tells of."""
    dtype, shape, (begin, end) = _DTYPES.get(entry["dtype"]), tuple(entry["shape"]), entry["data_offsets"]
    if dtype is None:
        raise ValueError(f"lgc has no dtype {entry['dtype']}")
    size = math.prod(shape) * _SIZES[dtype]
    if any(extent < 0 for extent in shape) or begin < 0 or end - begin != size or end > len(content):
        raise ValueError("a tensor does not lie in it")
    array = Tensor("", dtype, shape, size, "in", "", 0, 0).empty()
    ctypes.memmove(view_of(array).address, content[begin:end], size)
    return array
