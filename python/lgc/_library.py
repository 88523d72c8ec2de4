"""Calls the libraries that lgc compiles.

This one file needs a library and nothing else: no compiler, no other file of the package, and of Python only the
standard library, with NumPy where it is installed. It may be copied.

    digits = load("./digits.so")
    loss = digits.step(x, labels, 0.1, 0.9, p, v)

`load` asks the library what it offers, through its C interface; entries become callables that check what they are
given, pass it on without copies, and raise where something does not fit. What is read or updated may be a NumPy array,
or anything that speaks DLPack (PyTorch, JAX) or the buffer protocol (`array.array`); structs are `Struct`s, dicts, or
any objects with such fields.
"""

from __future__ import annotations

import ctypes
import functools
import inspect
import keyword
import math
import mmap
import operator
import os
import re
import shutil
import struct
import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from ctypes import (
    POINTER,
    Structure,
    c_char_p,
    c_double,
    c_int,
    c_int32,
    c_int64,
    c_ssize_t,
    c_uint8,
    c_uint16,
    c_uint32,
    c_uint64,
    c_void_p,
)
from dataclasses import dataclass
from typing import Any, NamedTuple, Optional, Union

try:
    import numpy
except ImportError:  # results are memoryviews then
    numpy = None  # type: ignore[assignment]

ABI_VERSION = 3
STATUSES = (
    "OK NULL_ARGUMENT MISALIGNED_WORKSPACE OVERLAP UNSUPPORTED_CPU INDEX_OUT_OF_RANGE TENSOR_DEVICE TENSOR_DTYPE "
    "TENSOR_RANK TENSOR_SHAPE TENSOR_STRIDES TENSOR_MISALIGNED SIGNATURE CONTEXT"
).split()


class Error(Exception):
    """Something does not fit. `code` names it for programs, and `help` says what to do, if that is known."""

    def __init__(self, message: str, code: str = "", help: str = "") -> None:
        super().__init__(f"{message}\n  help: {help}" if help else message)
        self.message, self.code, self.help = message, code, help


class LibraryError(Error):
    """A file is no library of lgc, or none for this machine."""


class ClosedError(Error):
    """A library is used after it was closed."""


class CallError(Error):
    """A call failed: `entry` is its name, `tensor` the path of the tensor that is at fault, or empty."""

    entry = tensor = ""


class ArgumentError(CallError, TypeError, ValueError):
    """An argument is missing, or is not what the entry takes: its dtype, shape, layout, device."""


class IndexOutOfRange(CallError, IndexError):
    """A tensor of indices holds a value outside the axis that it indexes."""


# What C sees: DLPack's structs, Python's buffers, and the structs in the header of every library.


def _c_struct(name: str, /, **fields: Any) -> type[Structure]:
    return type(name, (Structure,), {"_fields_": list(fields.items())})


_DataType = _c_struct("DLDataType", code=c_uint8, bits=c_uint8, lanes=c_uint16)
_DLTensor = _c_struct(
    "DLTensor", data=c_void_p, device_type=c_int32, device_id=c_int32, ndim=c_int32, dtype=_DataType,
    shape=POINTER(c_int64), strides=POINTER(c_int64), byte_offset=c_uint64,
)  # fmt: skip
_Managed = _c_struct("DLManagedTensor", tensor=_DLTensor, context=c_void_p, deleter=c_void_p)
_Versioned = _c_struct(
    "DLManagedTensorVersioned", major=c_uint32, minor=c_uint32, context=c_void_p, deleter=c_void_p, flags=c_uint64,
    tensor=_DLTensor,
)  # fmt: skip
_Buffer = _c_struct(
    "Py_buffer", buf=c_void_p, obj=c_void_p, len=c_ssize_t, itemsize=c_ssize_t, readonly=c_int, ndim=c_int,
    format=c_char_p, shape=POINTER(c_ssize_t), strides=POINTER(c_ssize_t), suboffsets=c_void_p, internal=c_void_p,
)  # fmt: skip
_RawContext = _c_struct("lgc_ctx", struct_size=c_uint64, pool=c_void_p, parallel_for=c_void_p, data=c_void_p)
_RawTensor = _c_struct(
    "lgc_tensor", name=c_char_p, dims=POINTER(c_int64), bytes=c_uint64, rank=c_uint32, dtype=_DataType,
    direction=c_uint32, exclusive=c_uint32, doc=c_char_p, low=c_double, high=c_double,
)  # fmt: skip
_RawEntry = _c_struct(
    "lgc_entry", name=c_char_p, symbol=c_char_p, run_symbol=c_char_p, doc=c_char_p, tensors=POINTER(_RawTensor),
    tensor_count=c_uint64, workspace_bytes=c_uint64, signature=c_uint64,
)  # fmt: skip
_RawCondition = _c_struct(
    "lgc_condition", entry=c_char_p, place=c_char_p, op=c_char_p, requirement=c_char_p, body=c_char_p,
    derivatives=c_char_p, singular=c_uint32, refuted=c_uint32,
)  # fmt: skip
_RawInfo = _c_struct(
    "lgc_info", struct_size=c_uint64, abi_version=c_uint32, entry_count=c_uint32, name=c_char_p, doc=c_char_p,
    entries=POINTER(_RawEntry), target=c_char_p, features=c_char_p, compiler=c_char_p, evidence=c_char_p,
    conditions=POINTER(_RawCondition), condition_count=c_uint64,
)  # fmt: skip


# Arrays: what their dtypes are called, where they lie, how they are made.

_LETTERS = {0: "i", 1: "u", 2: "f", 4: "bf", 5: "c"}
_NUMPY_NAMES = {
    "bool": "bool", "i32": "int32", "i64": "int64", "u32": "uint32", "f16": "float16", "bf16": "bfloat16",
    "f32": "float32", "f64": "float64",
}  # fmt: skip
_FORMATS = {"bool": "?", "i32": "i", "i64": "q", "u32": "I", "f16": "e", "f32": "f", "f64": "d"}
_CPU = (1, 0)
_DEVICES = {1: "cpu", 2: "cuda", 3: "pinned host memory of cuda", 7: "vulkan", 8: "metal", 10: "rocm", 14: "oneapi"}


def _dlpack_name(code: int, bits: int, lanes: int) -> str:
    name = "bool" if (code, bits) == (6, 8) else f"{_LETTERS.get(code, f'dlpack{code}_')}{bits}"
    return name if lanes == 1 else f"{name}x{lanes}"


@functools.cache
def _numpy_name(dtype: Any) -> str:
    """`f32` for float32; two bytes without a meaning are what `lgc run` writes a bf16 as."""
    if dtype.name == "bfloat16" or dtype.str == "|V2":
        return "bf16"
    if dtype.kind in "iufb" and dtype.isnative:
        return "bool" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"
    return str(dtype)


def _numpy_dtype(dtype: str) -> Any:
    """What NumPy has for a dtype. It lacks bf16, which is that of `ml_dtypes` or else its bits."""
    if dtype != "bf16":
        return numpy.dtype(_NUMPY_NAMES[dtype])
    try:
        import ml_dtypes
    except ImportError:
        return numpy.dtype("uint16")
    return numpy.dtype(ml_dtypes.bfloat16)


@dataclass(frozen=True)
class Tensor:
    """A tensor of an entry, as the library describes it: `low` and `high` are the ends of its declared range."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    nbytes: int
    direction: str
    doc: str
    low: float
    high: float

    def __repr__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"

    def empty(self) -> Any:
        """Fresh memory for it: a NumPy array, or a memoryview where there is no NumPy."""
        if numpy is not None:
            return numpy.empty(self.shape, _numpy_dtype(self.dtype))
        flat = memoryview((ctypes.c_char * self.nbytes)()).cast("B")
        element = "H" if self.dtype in ("f16", "bf16") else _FORMATS[self.dtype]
        return flat.cast(element, self.shape) if self.nbytes else flat.cast(element)

    def zeros(self) -> Any:
        """Fresh memory for it, of zeros."""
        return numpy.zeros(self.shape, _numpy_dtype(self.dtype)) if numpy is not None else self.empty()


class _Refusal(Exception):
    """Why a value cannot be used as a tensor: the status that it is, the problem, and what helps."""


class _View(NamedTuple):
    """Where an array lies. Strides count elements; None: dense, in row-major order. `owner` keeps the memory."""

    dtype: str
    shape: tuple[int, ...]
    strides: Optional[tuple[float, ...]]
    address: int
    writable: bool
    owner: object

    def __str__(self) -> str:
        return f"{self.dtype}[{', '.join(map(str, self.shape))}]"


def _view(value: object) -> _View:
    """The memory of an array of any kind."""
    if numpy is not None and isinstance(value, (numpy.ndarray, numpy.generic)):
        return _view_numpy(value if isinstance(value, numpy.ndarray) else numpy.asarray(value))
    if hasattr(value, "__dlpack__") and hasattr(value, "__dlpack_device__"):
        return _view_dlpack(value)
    return _view_buffer(value)


def _view_numpy(array: Any) -> _View:
    if isinstance(getattr(array, "mask", None), (numpy.ndarray, numpy.bool_)):
        raise _Refusal("TENSOR_DTYPE", "is masked, and a tensor has no mask", "pass its `filled(…)`")
    dense, size = array.flags.c_contiguous, array.itemsize or 1
    strides = None if dense else tuple(stride / size for stride in array.strides)
    address = array.__array_interface__["data"][0]
    return _View(_numpy_name(array.dtype), array.shape, strides, address, array.flags.writeable, array)


def _view_dlpack(value: Any) -> _View:
    """The capsule is not consumed: it owns the tensor for as long as the view is there, and frees it then."""
    try:
        kind, number = (int(part) for part in value.__dlpack_device__())
        capsule = _capsule(value) if (kind, number) == _CPU else None
    except Exception as error:
        raise _Refusal("DLPACK", f"cannot be passed by DLPack: {error}", "") from error
    if capsule is None:
        device = f"{_DEVICES.get(kind, f'DLPack device {kind}')}:{number}"
        raise _Refusal("TENSOR_DEVICE", f"lies on {device}", "copy it to host memory first, as by `.cpu()`")
    if _capsule_is(capsule, b"dltensor_versioned"):
        managed = _Versioned.from_address(_capsule_pointer(capsule, b"dltensor_versioned"))
        if managed.major != 1:
            raise _Refusal("DLPACK", f"comes by version {managed.major} of DLPack, which is not known here", "")
        writable = not managed.flags & 1
    else:
        managed = _Managed.from_address(_capsule_pointer(capsule, b"dltensor"))
        writable = True
    # Arrays of JAX never change, whatever their capsules say.
    writable = writable and type(value).__module__.partition(".")[0] not in ("jax", "jaxlib")
    tensor = managed.tensor
    dtype = _dlpack_name(tensor.dtype.code, tensor.dtype.bits, tensor.dtype.lanes)
    strides = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else None
    address = (tensor.data or 0) + tensor.byte_offset
    return _View(dtype, tuple(tensor.shape[: tensor.ndim]), strides, address, writable, (capsule, value))


def _capsule(value: Any) -> Any:
    try:
        return value.__dlpack__(max_version=(1, 0))
    except TypeError:  # of those who know only versions before 1.0
        return value.__dlpack__()


class _Export:
    """Memory that an object lends by the buffer protocol."""

    RECORDS_READ_ONLY = 0x1C

    def __init__(self, value: object) -> None:
        self.buffer = _Buffer()
        _get_buffer(value, ctypes.byref(self.buffer), self.RECORDS_READ_ONLY)

    def __del__(self) -> None:
        if self.buffer.obj:
            _release_buffer(ctypes.byref(self.buffer))


def _view_buffer(value: object) -> _View:
    try:
        export = _Export(value)
    except (TypeError, BufferError):
        problem = f"is a `{type(value).__name__}`, which lends no memory by DLPack or the buffer protocol"
        raise _Refusal("TENSOR_DTYPE", problem, "") from None
    raw = export.buffer
    size, count = raw.itemsize or 1, raw.ndim
    letter = (raw.format or b"B").decode().lstrip("@=<")
    letters = {"?": "bool", **dict.fromkeys("fde", f"f{8 * size}"), **dict.fromkeys("bhilqn", f"i{8 * size}")}
    letters.update(dict.fromkeys("BHILQN", f"u{8 * size}"))
    shape = tuple(raw.shape[:count]) if count else ()
    strides = tuple(stride / size for stride in raw.strides[:count]) if raw.strides else None
    dtype = letters.get(letter, f"`{letter}`")
    return _View(dtype, shape, strides, raw.buf or 0, not raw.readonly, export)


def _view_number(value: Union[bool, int, float], tensor: Tensor) -> _View:
    """A number of Python where a scalar is read."""
    kinds = {"b": (bool,), "i": (int,), "u": (int,), "f": (int, float)}
    if isinstance(value, bool) != (tensor.dtype == "bool") or not isinstance(value, kinds.get(tensor.dtype[0], ())):
        raise _Refusal("TENSOR_DTYPE", f"is a {type(value).__name__} of Python", "")
    if tensor.dtype == "bf16":
        raise _Refusal("TENSOR_DTYPE", "is a number of Python, which has no rounding to bf16", "")
    try:
        content = struct.pack(f"={_FORMATS[tensor.dtype]}", value)
    except (struct.error, OverflowError):
        raise _Refusal("TENSOR_DTYPE", f"is {value}, which {tensor.dtype} does not hold", "") from None
    memory = (ctypes.c_char * len(content)).from_buffer_copy(content)
    return _View(tensor.dtype, (), None, ctypes.addressof(memory), False, memory)


def view_of(value: object, name: str = "the value") -> _View:
    """The memory of a dense array."""
    try:
        view = _view(value)
    except _Refusal as refusal:
        raise ArgumentError(f"`{name}` {refusal.args[1]}", refusal.args[0], refusal.args[2]) from refusal.__cause__
    if not _is_dense(view):
        raise ArgumentError(f"`{name}` is not dense and row-major", "TENSOR_STRIDES", "pass numpy.ascontiguousarray(…)")
    return view


def _is_dense(view: _View) -> bool:
    """Whether it is row-major without gaps. Strides of axes of extent 1, and of no elements, say nothing."""
    if view.strides is None or 0 in view.shape:
        return True
    step = 1
    for extent, stride in zip(reversed(view.shape), reversed(view.strides)):
        if extent != 1 and stride != step:
            return False
        step *= extent
    return True


def _python_function(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(ctypes.pythonapi, name)
    function.restype, function.argtypes = result, arguments
    return function


_capsule_is = _python_function("PyCapsule_IsValid", c_int, ctypes.py_object, c_char_p)
_capsule_pointer = _python_function("PyCapsule_GetPointer", c_void_p, ctypes.py_object, c_char_p)
_get_buffer = _python_function("PyObject_GetBuffer", c_int, ctypes.py_object, c_void_p, c_int)
_release_buffer = _python_function("PyBuffer_Release", None, c_void_p)


# Trees: structs and arrays of tensors.

_Node = Union[Tensor, "dict[Union[str, int], _Node]"]


class Struct:
    """A struct of tensors. Its fields are attributes, in the order of the graph; arrays are lists.

    A field goes before a method of the same name, which is then `Struct.state_dict(p)`. What is a word of Python has
    a `_` behind it: `p.lambda_`.
    """

    def __init__(self, /, **fields: Any) -> None:
        vars(self).update(fields)
        _register_with_jax()

    def __getattr__(self, name: str) -> Any:
        if name[-1:] == "_" and name[:-1] in vars(self):
            return vars(self)[name[:-1]]
        raise AttributeError(f"there is no field `{name}` in {self!r}")

    def __setattr__(self, name: str, value: Any) -> None:
        field = name if name in vars(self) or name[-1:] != "_" else name[:-1]
        if field not in vars(self):
            raise AttributeError(f"there is no field `{name}` in {self!r}")
        vars(self)[field] = value

    def __repr__(self) -> str:
        return f"Struct({', '.join(f'{name}={_shown(value)}' for name, value in vars(self).items())})"

    def state_dict(self) -> dict[str, Any]:
        """The tensors by names as PyTorch writes them: `hidden.w`, `layers.3.w`."""
        return dict(named_leaves(self))

    def load_state_dict(self, values: Mapping[str, Any]) -> None:
        """Copies tensors of these names into those of the struct. Nothing is written unless all of them fit."""
        load_state_dict(self, values)


_is_pytree = False


def _register_with_jax() -> None:
    """Structs are pytrees, once JAX is imported and a struct is made."""
    global _is_pytree
    jax = sys.modules.get("jax")
    if _is_pytree or jax is None or not hasattr(jax, "tree_util"):
        return
    _is_pytree, key = True, jax.tree_util.GetAttrKey
    jax.tree_util.register_pytree_with_keys(
        Struct,
        lambda struct: ([(key(name), value) for name, value in vars(struct).items()], tuple(vars(struct))),
        lambda names, values: Struct(**dict(zip(names, values))),
        lambda struct: (list(vars(struct).values()), tuple(vars(struct))),
    )


def _shown(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_shown, value))}]"
    try:
        return repr(value) if isinstance(value, Struct) else str(_view(value))
    except _Refusal:
        return repr(value)


def named_leaves(tree: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """The leaves of a tree of structs, mappings and lists, with names as PyTorch writes them."""
    if isinstance(tree, (Struct, Mapping)):
        children = list((vars(tree) if isinstance(tree, Struct) else tree).items())
    elif isinstance(tree, (list, tuple)):
        children = [(str(index), child) for index, child in enumerate(tree)]
    else:
        yield name, tree
        return
    for key, child in children:
        yield from named_leaves(child, f"{name}.{key}" if name else str(key))


def load_state_dict(tree: Any, values: Mapping[str, Any]) -> None:
    """Copies tensors into those of a tree that have the same names, of which none is missing and none too many."""
    given = {re.sub(r"\[(\d+)\]", r".\1", name): value for name, value in values.items()}
    leaves = dict(named_leaves(tree))
    wrong = [f"`{name}` is missing" for name in leaves if name not in given]
    wrong += [f"`{name}` is not in the tree" for name in given if name not in leaves]
    copies = []
    for name in leaves.keys() & given.keys():
        try:
            target, source = _view(leaves[name]), _view(given[name])
        except _Refusal as refusal:
            wrong.append(f"`{name}` {refusal.args[1]}")
            continue
        if (target.dtype, target.shape) != (source.dtype, source.shape):
            wrong.append(f"`{name}` is {source} instead of {target}")
        elif not (_is_dense(source) and _is_dense(target) and target.writable):
            wrong.append(f"`{name}` is read-only, or not dense and row-major")
        copies.append((target, source))
    if wrong:
        raise ArgumentError("the tensors do not fit: " + "; ".join(sorted(wrong)), "MISMATCH")
    for target, source in copies:
        # A copy in between: the same memory may be on both sides, in parts.
        size = math.prod(target.shape) * _element_bytes(target.dtype)
        ctypes.memmove(target.address, ctypes.string_at(source.address, size), size)


def _element_bytes(dtype: str) -> int:
    return 1 if dtype == "bool" else int(re.sub(r"\D", "", dtype)) // 8


def _parts(path: str) -> list[Union[str, int]]:
    """`p.layers[3].w`: `p`, `layers`, 3, `w`."""
    return [int(index) if index else name for index, name in re.findall(r"\[(\d+)\]|([^.\[]+)", path)]


def _grow(tree: dict[Union[str, int], _Node], tensor: Tensor) -> None:
    *parents, last = _parts(tensor.name)
    for part in parents:
        child = tree.setdefault(part, {})
        assert isinstance(child, dict)
        tree = child
    tree[last] = tensor


def _build(tree: _Node, leaf: Callable[[Tensor], Any]) -> Any:
    """A tree of structs and lists with this for each tensor."""
    if isinstance(tree, Tensor):
        return leaf(tree)
    children = {key: _build(child, leaf) for key, child in tree.items()}
    return list(children.values()) if 0 in tree else Struct(**{str(key): child for key, child in children.items()})


def _flatten(tree: _Node, value: Any, path: str) -> list[tuple[Tensor, Any]]:
    """The tensors of a tree, each with its part of a value."""
    leaves: list[tuple[Tensor, Any]] = []
    if isinstance(tree, Tensor):
        leaves.append((tree, value))
    else:
        _gather(tree, value, path, leaves)
    return leaves


def _gather(tree: dict[Union[str, int], _Node], value: Any, path: str, leaves: list[tuple[Tensor, Any]]) -> None:
    parts: Any = value
    if isinstance(value, Struct):
        parts = vars(value)
    elif isinstance(value, Mapping):
        parts = {str(key): part for key, part in value.items()}
        if any(str(key) not in parts for key in tree):
            parts = _nested(parts)
    _compare_keys(tree, parts, path)
    for key, child in tree.items():
        try:
            part = parts[str(key)] if isinstance(parts, dict) else _part(parts, key)
        except (KeyError, IndexError, AttributeError, TypeError):
            problem = f"is missing in a `{type(value).__name__}`"
            raise _Refusal("MISSING", problem, "", _below(path, key)) from None
        if isinstance(child, Tensor):
            leaves.append((child, part))
        else:
            _gather(child, part, _below(path, key), leaves)


def _below(path: str, key: Union[str, int]) -> str:
    return f"{path}[{key}]" if isinstance(key, int) else f"{path}.{key}"


def _part(value: Any, key: Union[str, int]) -> Any:
    return value[key] if isinstance(key, int) else getattr(value, key)


def _nested(flat: Mapping[str, Any]) -> dict[str, Any]:
    """A mapping whose keys are paths, as state dicts have them, as one of mappings."""
    tree: dict[str, Any] = {}
    for path, value in flat.items():
        *parents, last = map(str, _parts(path)) if path else [path]
        node = tree
        for part in parents:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                return dict(flat)
        node[last] = value
    return tree


def _compare_keys(tree: dict[Union[str, int], _Node], parts: Any, path: str) -> None:
    """Refuses what has more parts than the tree: probably it is another one."""
    if isinstance(parts, dict):
        if len(parts) > len(tree):
            known = list(map(str, tree))
            more = next(key for key in parts if key not in known)
            help = f"its parts are {', '.join(known)}"
            raise _Refusal("UNEXPECTED", f"has `{more}`, which the graph has not", help, path)
    elif 0 in tree and hasattr(parts, "__len__") and len(parts) != len(tree):
        raise _Refusal("UNEXPECTED", f"has {len(parts)} elements instead of {len(tree)}", "", path)


# Entries.


class Parameter(NamedTuple):
    """A parameter or result of an entry: a tensor, or a tree of them."""

    name: str
    direction: str
    tree: _Node

    def __repr__(self) -> str:
        kind = repr(self.tree) if isinstance(self.tree, Tensor) else "list" if 0 in self.tree else "Struct"
        return f"inout {kind}" if self.direction == "inout" else kind


class Results(tuple[Any, ...]):
    """The results of an entry that has several, by position and by name."""

    _fields: tuple[str, ...] = ()

    def __new__(cls, /, *values: Any) -> Results:
        return super().__new__(cls, values)

    def __repr__(self) -> str:
        return f"Results({', '.join(f'{name}={value!r}' for name, value in zip(self._fields, self))})"


def _results_type(names: tuple[str, ...]) -> type[Results]:
    """A named tuple, whose names may be any."""
    fields = {_python_name(name): property(operator.itemgetter(index)) for index, name in enumerate(names)}
    return type("Results", (Results,), {"_fields": names, **fields})


def _python_name(name: str) -> str:
    """A name that Python can write: `lambda_`."""
    return f"{name}_" if keyword.iskeyword(name) else name


def _argument_name(name: str) -> str:
    """A name that an argument can have: `out` is what results go to."""
    return "out_" if name == "out" else _python_name(name)


class _Frame:
    """What a call needs besides its tensors, and no other call at the same time: DLTensors and a workspace."""

    def __init__(self, tensors: list[Tensor], workspace_bytes: int) -> None:
        self.tensors = (_DLTensor * len(tensors))()
        self.shapes = [(c_int64 * len(tensor.shape))(*tensor.shape) for tensor in tensors]
        for raw, tensor, shape in zip(self.tensors, tensors, self.shapes):
            raw.device_type, raw.device_id = _CPU
            raw.ndim, raw.dtype = len(tensor.shape), _data_type(tensor.dtype)
            raw.shape = ctypes.cast(shape, POINTER(c_int64))
        base, size = ctypes.addressof(self.tensors), ctypes.sizeof(_DLTensor)
        read = [base + size * at for at, tensor in enumerate(tensors) if tensor.direction == "in"]
        written = [base + size * at for at, tensor in enumerate(tensors) if tensor.direction != "in"]
        self.inputs = (c_void_p * len(read))(*read)
        self.outputs = (c_void_p * len(written))(*written)
        # Private: a child process has its own. Pages are aligned to more than the 64 bytes that are asked for.
        self.memory = mmap.mmap(-1, max(workspace_bytes, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        self.workspace = c_void_p(ctypes.addressof(ctypes.c_char.from_buffer(self.memory)))


def _data_type(dtype: str) -> Structure:
    code = {"b": 6, "i": 0, "u": 1, "f": 2}[dtype[0]] if dtype != "bf16" else 4
    return _DataType(code, 8 * _element_bytes(dtype), 1)


class Entry:
    """An entry of a library: a function of its parameters, by position or name.

    `inout` parameters are updated in place. Results are new arrays; with `out` they go where the caller says: into one
    array, or several by position or name. A number of Python may stand for a scalar that is read. Any number of threads
    may call, on arrays of their own.
    """

    def __init__(self, library: _Library, raw: Structure) -> None:
        self.__name__ = self.name = raw.name.decode()
        self.doc = raw.doc.decode()
        self.tensors = [_tensor(tensor) for tensor in raw.tensors[: raw.tensor_count]]
        trees: dict[Union[str, int], _Node] = {}
        for tensor in self.tensors:
            _grow(trees, tensor)
        directions = {_parts(tensor.name)[0]: tensor.direction for tensor in self.tensors}
        parameters = [Parameter(str(name), directions[name], tree) for name, tree in trees.items()]
        self.parameters = [parameter for parameter in parameters if parameter.direction != "out"]
        self.results = [parameter for parameter in parameters if parameter.direction == "out"]
        self.workspace_bytes: int = raw.workspace_bytes
        self._library, self._frames = library, list[_Frame]()
        self._function = library.function(raw.run_symbol.decode(), c_int32)
        self._arguments = c_uint64(raw.signature)
        self._positions = {parameter.name: at for at, parameter in enumerate(self.parameters)}
        for at, parameter in enumerate(self.parameters):
            self._positions.setdefault(_argument_name(parameter.name), at)
        self._results = _results_type(tuple(result.name for result in self.results))
        self.__signature__ = self._signature()
        self.__doc__ = self._documentation()

    def __repr__(self) -> str:
        return f"<entry {self.name}{self.__signature__}>"

    def __call__(self, /, *args: Any, out: Any = None, **kwargs: Any) -> Any:
        views: list[_View] = []
        for parameter, value in zip(self.parameters, self._bind(args, kwargs)):
            views += self._views(parameter, value)
        results = self._outputs(out)
        for parameter, value in zip(self.results, results):
            views += self._views(parameter, value)
        self._run(views)
        return self._results(*results) if len(results) > 1 else results[0] if results else None

    def zeros(self, name: str = "") -> Any:
        """Memory for a parameter, of zeros: an array, a struct or a list. Without a name, for all, by their names."""
        trees = {parameter.name: parameter.tree for parameter in self.parameters}
        if name:
            if name not in trees:
                raise self._wrong("UNEXPECTED", f"there is no parameter `{name}`", f"there are {', '.join(trees)}")
            return _build(trees[name], Tensor.zeros)
        return {name: _build(tree, Tensor.zeros) for name, tree in trees.items()}

    def _bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """The values of all parameters, in order."""
        names = [parameter.name for parameter in self.parameters]
        if len(args) > len(names):
            raise self._wrong("UNEXPECTED", f"takes {len(names)} arguments, and there are {len(args)}")
        given = dict(enumerate(args))
        for name, value in kwargs.items():
            at = self._positions.get(name)
            if at is None:
                raise self._wrong("UNEXPECTED", f"there is no parameter `{name}`", f"there are {', '.join(names)}")
            if at in given:
                raise self._wrong("UNEXPECTED", f"`{name}` is given twice")
            given[at] = value
        for at, parameter in enumerate(self.parameters):
            if at not in given:
                raise self._wrong("MISSING", f"`{parameter.name}` is missing: {parameter!r}")
        return [given[at] for at in range(len(names))]

    def _outputs(self, out: Any) -> list[Any]:
        """Where the results go, in order."""
        if out is None:
            return [_build(result.tree, Tensor.empty) for result in self.results]
        names = [result.name for result in self.results]
        if len(names) == 1:
            return [out]
        if isinstance(out, Mapping) and set(out) == set(names):
            return [out[name] for name in names]
        if isinstance(out, (list, tuple)) and len(out) == len(names):
            return list(out)
        raise self._wrong("UNEXPECTED", "`out` does not fit", f"give it one array each for {', '.join(names)}")

    def _views(self, parameter: Parameter, value: Any) -> list[_View]:
        """The memory of each tensor of a parameter, which fits."""
        name, views = parameter.name, []
        try:
            for tensor, leaf in _flatten(parameter.tree, value, name):
                name = tensor.name
                views.append(_fitting(tensor, leaf))
        except _Refusal as refusal:
            code, problem, help, *path = refusal.args
            name = path[0] if path else name
            raise self._wrong(code, f"`{name}` {problem}", help, name) from refusal.__cause__
        return views

    def _run(self, views: list[_View]) -> None:
        with self._library:
            try:
                frame = self._frames.pop()
            except IndexError:
                frame = _Frame(self.tensors, self.workspace_bytes)
            for raw, view in zip(frame.tensors, views):
                raw.data = view.address
            context = self._library.context()
            code = self._function(frame.inputs, frame.outputs, frame.workspace, context, self._arguments)
            self._frames.append(frame)
            meaning = self._library.meaning(code) if code else ""
        if code:
            raise self._failure(code, meaning, views)

    def _failure(self, code: int, meaning: str, views: list[_View]) -> CallError:
        """What the library refuses: its status, and the tensor that is at fault."""
        status, at = STATUSES[code & 0xFF] if code & 0xFF < len(STATUSES) else "", (code >> 8) - 1
        tensor = self.tensors[at].name if 0 <= at < len(self.tensors) else ""
        help = ""
        if tensor:
            meaning = f"is refused: {meaning}"
        if status == "OVERLAP":
            meaning = f"overlaps `{self._overlapping(at, views)}`, and one of them is written"
            help = "give each a memory of its own: pass a copy of one"
        return self._wrong(status, f"`{tensor}` {meaning}" if tensor else meaning, help, tensor)

    def _overlapping(self, at: int, views: list[_View]) -> str:
        begin, end = views[at].address, views[at].address + self.tensors[at].nbytes
        for other, (tensor, view) in enumerate(zip(self.tensors, views)):
            if other != at and view.address < end and begin < view.address + tensor.nbytes:
                return tensor.name
        return "another tensor"

    def _wrong(self, code: str, problem: str, help: str = "", tensor: str = "") -> CallError:
        kind = {"INDEX_OUT_OF_RANGE": IndexOutOfRange, "UNSUPPORTED_CPU": CallError}.get(code, ArgumentError)
        code = f"LGC_{code}" if code in STATUSES else code
        error: CallError = kind(f"{self.name}: {problem}", code, help)
        error.entry, error.tensor = self.name, tensor
        return error

    def _signature(self) -> inspect.Signature:
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        parameters = [inspect.Parameter(_argument_name(p.name), kind, annotation=p) for p in self.parameters]
        results = self.results[0] if len(self.results) == 1 else self.results or None
        return inspect.Signature(parameters, return_annotation=results)

    def _documentation(self) -> str:
        """The author's words about the entry and about each tensor."""
        lines = [self.doc, ""] if self.doc else []
        width = max((len(tensor.name) for tensor in self.tensors), default=0)
        widest = max((len(repr(tensor)) for tensor in self.tensors), default=0)
        for tensor in self.tensors:
            declared = (tensor.low, tensor.high) != (-math.inf, math.inf)
            bounds = f"in [{tensor.low:g}, {tensor.high:g}]  " if declared else ""
            doc = " ".join(tensor.doc.split())
            head = f"{tensor.direction:5} {tensor.name:{width}}  {tensor!r:{widest}}"
            lines.append(f"{head}  {bounds}{doc}".rstrip())
        return "\n".join(lines)


def _fitting(tensor: Tensor, value: Any) -> _View:
    """The memory of a value that is what the entry takes for a tensor."""
    if isinstance(value, (bool, int, float)) and tensor.direction == "in" and not tensor.shape:
        return _view_number(value, tensor)
    try:
        view = _view(value)
    except _Refusal as refusal:
        code, problem, help = refusal.args
        raise _Refusal(
            code, f"{problem}; {tensor!r} is wanted", help or _remedy(tensor) * (code != "DLPACK")
        ) from refusal.__cause__
    bits = ("u16",) * (tensor.dtype in ("f16", "bf16"))
    if view.dtype != tensor.dtype and view.dtype not in bits:
        raise _Refusal("TENSOR_DTYPE", f"is {view}; {tensor!r} is wanted", _remedy(tensor))
    if view.shape != tensor.shape:
        status = "TENSOR_SHAPE" if len(view.shape) == len(tensor.shape) else "TENSOR_RANK"
        raise _Refusal(status, f"is {view}; {tensor!r} is wanted", "shapes are fixed when a graph is compiled")
    if not _is_dense(view):
        problem = f"is not dense and row-major: its strides are {tuple(map(int, view.strides or ()))} elements"
        copy = "numpy.ascontiguousarray(…)" + ", and keep that" * (tensor.direction != "in")
        raise _Refusal("TENSOR_STRIDES", problem, f"pass {copy}")
    if tensor.direction != "in" and not view.writable:
        raise _Refusal("READ_ONLY", "is read-only, and the entry writes to it", "pass numpy.array(…), which is a copy")
    return view


def _remedy(tensor: Tensor) -> str:
    """How an array for a tensor is made: one that is written cannot be converted on the way."""
    dtype = "ml_dtypes.bfloat16" if tensor.dtype == "bf16" else f"numpy.{_NUMPY_NAMES[tensor.dtype]}"
    return f"pass numpy.asarray(…, {dtype})" if tensor.direction == "in" else f"make it as {dtype}, and keep that"


def _tensor(raw: Structure) -> Tensor:
    dtype = _dlpack_name(raw.dtype.code, raw.dtype.bits, raw.dtype.lanes)
    direction = ("in", "inout", "out")[raw.direction]
    shape = tuple(raw.dims[: raw.rank])
    return Tensor(raw.name.decode(), dtype, shape, raw.bytes, direction, raw.doc.decode(), raw.low, raw.high)


# Libraries.


class Condition(NamedTuple):
    """What an entry relies on: see `lgc_condition` in the header."""

    entry: str
    place: str
    op: str
    requirement: str
    body: str
    derivatives: str
    singular: bool
    refuted: bool


class _Library:
    """The code of a library while it is loaded; entered by each call, so that none is running when it is unloaded."""

    def __init__(self, code: ctypes.CDLL, name: str, path: str, threads: int) -> None:
        self.code, self.name, self.path, self.threads = code, name, path, threads
        self.strerror = self.function(f"{name}_strerror", c_char_p)
        self.running, self.condition, self.raw_context = 0, threading.Condition(), _RawContext()
        self.raw_context.struct_size = ctypes.sizeof(_RawContext)
        destroy = self.function(f"{name}_pool_destroy", None, c_void_p)
        self.unload = weakref.finalize(self, _unload, code, self.raw_context, destroy)
        # Threads that the interpreter leaves behind may still be in a call when it ends.
        self.unload.atexit = False  # type: ignore[misc, unused-ignore]

    def function(self, symbol: str, result: Any, *arguments: Any) -> Any:
        try:
            function = self.code[symbol]
        except AttributeError:
            raise LibraryError(f"`{self.path}` lacks `{symbol}`", "LIBRARY", "compile it again") from None
        function.restype = result
        if arguments:
            function.argtypes = arguments
        return function

    def __enter__(self) -> None:
        with self.condition:
            if not self.unload.alive:
                raise ClosedError(f"the library `{self.name}` is closed", "CLOSED", f"load it again: {self.path}")
            self.running += 1

    def __exit__(self, *exception: object) -> None:
        with self.condition:
            self.running -= 1
            self.condition.notify_all()

    def close(self) -> None:
        with self.condition:
            while self.running:
                self.condition.wait()
            self.unload()

    def context(self) -> Any:
        """Who runs the tasks of a call: the threads of the library, which are made for the first call."""
        if self.threads == 1:
            return None
        with self.condition:
            if not self.raw_context.pool and self.threads >= 0:
                self.raw_context.pool = self.function(f"{self.name}_pool_create", c_void_p, c_uint32)(self.threads)
                self.threads = -1
        return ctypes.byref(self.raw_context)

    def meaning(self, code: int) -> str:
        text: bytes = self.strerror(c_int32(code))
        return text.decode()


def _unload(code: ctypes.CDLL, context: Structure, destroy: Any) -> None:
    destroy(context.pool)
    _close_handle(code._handle)


_close_handle = ctypes.CDLL(None).dlclose
_close_handle.argtypes = [c_void_p]


class Module:
    """A library: its entries are attributes, and items of `entries`, which no other attribute hides."""

    def __init__(self, library: _Library, raw: Structure) -> None:
        self._library = library
        self.path, self.name, self.doc = library.path, library.name, raw.doc.decode()
        self.target, self.features = raw.target.decode(), list(filter(None, raw.features.decode().split(",")))
        self.compiler, self.evidence = raw.compiler.decode(), raw.evidence.decode()
        entries = [Entry(library, entry) for entry in raw.entries[: raw.entry_count]]
        self.entries = {entry.name: entry for entry in entries}
        self.conditions: list[Condition] = []
        if raw.struct_size >= _RawInfo.condition_count.offset + 8:
            for condition in raw.conditions[: raw.condition_count]:
                values = [getattr(condition, name) for name in Condition._fields]
                self.conditions.append(Condition(*(v.decode() for v in values[:6]), *map(bool, values[6:])))
        self.__doc__ = "\n".join([self.doc, ""] * bool(self.doc) + [repr(entry) for entry in entries])

    def __getattr__(self, name: str) -> Entry:
        entries = self.__dict__.get("entries", {})
        entry = entries.get(name) or entries.get(name[:-1] if name[-1:] == "_" else name)
        if entry is None:
            raise AttributeError(f"the library has no entry `{name}`; it has {', '.join(entries) or 'none'}")
        return entry  # type: ignore[no-any-return]

    def __getitem__(self, name: str) -> Entry:
        return self.entries[name]

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *map(_python_name, self.entries)]

    def __repr__(self) -> str:
        return f"<library {self.name}: {', '.join(self.entries)}>"

    def __enter__(self) -> Module:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Unloads the library once no call is running. Arrays stay; entries raise `ClosedError` from then on."""
        self._library.close()

    def save(self, path: Union[str, os.PathLike[str]]) -> None:
        """Writes the library to a file, and its C header beside it where it has one. Files appear whole."""
        target = os.fspath(path)
        for source, copy in [(_header(self.path), _header(target)), (self.path, target)]:
            if source == self.path or os.path.exists(source):
                shutil.copyfile(source, f"{copy}.new")
                os.replace(f"{copy}.new", copy)


def _header(library: str) -> str:
    return os.path.splitext(library)[0] + ".h"


def load(path: Union[str, os.PathLike[str]], *, threads: int = 0) -> Module:
    """Loads a library that lgc compiled.

    Large loops run on `threads` threads, the caller's included; 0 stands for as many as there are processors. Results
    have the same bits for any number.
    """
    path = os.path.abspath(os.fspath(path))
    if not 0 <= operator.index(threads) <= 256:
        raise ValueError(f"threads = {threads}: from 0 to 256 are possible")
    try:
        name = _name_in(path)
        code = ctypes.CDLL(path)
    except (OSError, ValueError, IndexError, struct.error) as error:
        reason = "it is damaged" if isinstance(error, (IndexError, struct.error)) else error
        help = "name a shared library that `lgc compile` wrote for this machine"
        raise LibraryError(f"`{path}` cannot be loaded: {reason}", "LIBRARY", help) from error
    library = _Library(code, name, path, threads)
    raw = library.function(f"{name}_info", POINTER(_RawInfo))().contents
    if raw.abi_version != ABI_VERSION:
        found = f"`{path}` has version {raw.abi_version} of the interface, and this is version {ABI_VERSION}"
        raise LibraryError(found, "LIBRARY", "compile it with the compiler of this package")
    return Module(library, raw)


def _name_in(path: str) -> str:
    """The library's name, with which its symbols begin, whatever the file is called.

    The loader maps files without looking, and what lies beyond their ends stops the process: that is refused here.
    """
    if not os.path.isfile(path):
        raise ValueError("there is no such file" if not os.path.exists(path) else "it is no regular file")
    with open(path, "rb") as file:
        image = file.read()
    symbols = _symbols(image)
    for symbol in sorted(symbols):
        name = symbol[: -len("_info")]
        if symbol.endswith("_info") and f"{name}_strerror" in symbols and f"{name}_pool_create" in symbols:
            return name
    raise ValueError("it is a library, but not one that lgc compiled")


def _symbols(image: bytes) -> set[str]:
    """The dynamic symbols of a shared library, no part of which is missing."""
    if image[:6] != b"\x7fELF\x02\x01":
        raise ValueError("it is no shared library of this kind of machine")

    def table(at: int, size: int, count: int, fields: str) -> list[tuple[int, ...]]:
        check(at, size * count)
        return [struct.unpack_from(fields, image, at + size * index) for index in range(count)]

    def check(offset: int, size: int) -> None:
        if offset + size > len(image):
            raise ValueError("it is damaged: parts of it are missing")

    segments_at, sections_at = struct.unpack_from("<2Q", image, 0x20)
    segment_size, segment_count, section_size, section_count = struct.unpack_from("<4H", image, 0x36)
    for offset, size in table(segments_at, segment_size, segment_count, "<8xQ16xQ"):
        check(offset, size)
    sections, symbols = table(sections_at, section_size, section_count, "<4xI16x2QI"), set()
    for kind, offset, size, link in sections:
        if kind != 8:  # which has no content
            check(offset, size)
        for (name,) in table(offset, 24, size // 24, "<I") if kind == 11 else ():
            begin = sections[link][1] + name
            symbols.add(image[begin : begin + 4096].split(b"\0")[0].decode(errors="replace"))
    return symbols
