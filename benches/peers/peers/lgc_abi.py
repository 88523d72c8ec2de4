"""An lgc library through its C interface, ABI version 3 (docs/abi.md), by ctypes alone."""
from __future__ import annotations

import ctypes
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_uint8, c_uint16
from ctypes import c_uint32, c_uint64, c_void_p
from pathlib import Path

ABI_VERSION, OUT = 3, 2


class DataType(Structure):
    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]


class Tensor(Structure):
    _fields_ = [("name", c_char_p), ("dims", POINTER(c_int64)), ("bytes", c_uint64),
                ("rank", c_uint32), ("dtype", DataType), ("direction", c_uint32),
                ("exclusive", c_uint32), ("doc", c_char_p), ("low", c_double), ("high", c_double)]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.dims[: self.rank])


class Entry(Structure):
    _fields_ = [("name", c_char_p), ("symbol", c_char_p), ("run_symbol", c_char_p), ("doc", c_char_p),
                ("tensors", POINTER(Tensor)), ("tensor_count", c_uint64), ("workspace_bytes", c_uint64),
                ("signature", c_uint64)]


class Info(Structure):
    _fields_ = [("struct_size", c_uint64), ("abi_version", c_uint32), ("entry_count", c_uint32),
                ("name", c_char_p), ("doc", c_char_p), ("entries", POINTER(Entry)),
                ("target", c_char_p), ("features", c_char_p), ("compiler", c_char_p),
                ("evidence", c_char_p)]


class Context(Structure):
    _fields_ = [("struct_size", c_uint64), ("pool", c_void_p), ("parallel_for", c_void_p),
                ("data", c_void_p)]


class Library:
    """The one entry of a library called ``name``, ready to be called."""

    def __init__(self, path: Path, name: str):
        self.code, self.name = ctypes.CDLL(str(path.resolve())), name
        self.strerror = self.symbol("_strerror", c_char_p, c_int32)
        info = self.symbol("_info", POINTER(Info))().contents
        if info.abi_version != ABI_VERSION or info.entry_count != 1:
            raise RuntimeError(f"{path}: ABI {info.abi_version}, {info.entry_count} entries")
        entry = info.entries[0]
        self.function = getattr(self.code, entry.symbol.decode())
        self.function.restype = c_int32
        self.signature = entry.signature
        self.tensors = entry.tensors[: entry.tensor_count]
        self.workspace_bytes = entry.workspace_bytes
        self.evidence, self.features = info.evidence.decode(), info.features.decode()

    def symbol(self, suffix: str, result, *arguments):
        f = getattr(self.code, self.name + suffix)
        f.restype, f.argtypes = result, list(arguments)
        return f

    def context(self, threads: int) -> Context | None:
        """None for one thread; else one with a pool, which lives as long as the process."""
        if threads == 1:
            return None
        pool = self.symbol("_pool_create", c_void_p, c_uint32)(threads)
        return Context(ctypes.sizeof(Context), pool, None, None)
