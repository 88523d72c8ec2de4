"""Trains the classifier of digits.graph from Python, with nothing but the standard library:

    lgc compile digits.graph
    python3 train.py ./digits.so digits.csv.gz

Entries and tensors are found through what the library tells about itself, so the classes below serve
any library that lgc compiled.
"""

import ctypes
import gzip
import math
import random
import sys
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_uint8, c_uint16, c_uint32, c_uint64, c_void_p

PIXELS, HELD_OUT, EPOCHS = 64, 5, 30


class DataType(ctypes.Structure):
    """DLDataType: code 0 is signed, 1 unsigned, 2 float, 4 bfloat, 6 bool."""

    _fields_ = [("code", c_uint8), ("bits", c_uint8), ("lanes", c_uint16)]

    ELEMENTS = {
        (0, 32): c_int32,
        (0, 64): c_int64,
        (1, 32): c_uint32,
        (2, 16): ctypes.c_uint16,  # f16 and bf16: their bits
        (4, 16): ctypes.c_uint16,
        (2, 32): ctypes.c_float,
        (2, 64): ctypes.c_double,
        (6, 8): c_uint8,
    }


class Tensor(ctypes.Structure):
    """lgc_tensor."""

    _fields_ = [
        ("name", c_char_p),
        ("dims", POINTER(c_int64)),
        ("bytes", c_uint64),
        ("rank", c_uint32),
        ("dtype", DataType),
        ("direction", c_uint32),
        ("exclusive", c_uint32),
        ("doc", c_char_p),
        ("low", ctypes.c_double),
        ("high", ctypes.c_double),
    ]

    def allocate(self):
        """A ctypes array for its elements, zero at first."""
        element = DataType.ELEMENTS[self.dtype.code, self.dtype.bits]
        return (element * (self.bytes // ctypes.sizeof(element)))()


class EntryInfo(ctypes.Structure):
    """lgc_entry."""

    _fields_ = [
        ("name", c_char_p),
        ("symbol", c_char_p),
        ("run_symbol", c_char_p),
        ("doc", c_char_p),
        ("tensors", POINTER(Tensor)),
        ("tensor_count", c_uint64),
        ("workspace_bytes", c_uint64),
        ("signature", c_uint64),
    ]


class Info(ctypes.Structure):
    """lgc_info."""

    _fields_ = [
        ("struct_size", c_uint64),
        ("abi_version", c_uint32),
        ("entry_count", c_uint32),
        ("name", c_char_p),
        ("doc", c_char_p),
        ("entries", POINTER(EntryInfo)),
        ("target", c_char_p),
        ("features", c_char_p),
        ("compiler", c_char_p),
        ("evidence", c_char_p),
    ]


class Entry:
    """An entry with its tensors: `entry["p.hidden.w"][0] = 1.0`, then `entry()`."""

    def __init__(self, library, info):
        self.strerror = library.strerror
        self.function = getattr(library.code, info.symbol.decode())
        self.function.restype = c_int32
        self.signature = c_uint64(info.signature)
        tensors = info.tensors[: info.tensor_count]
        self.tensors = {tensor.name.decode(): tensor.allocate() for tensor in tensors}
        # An argument struct is an array of pointers, one for each tensor.
        self.arguments = (c_void_p * len(tensors))(*map(ctypes.addressof, self.tensors.values()))
        self.memory = ctypes.create_string_buffer(info.workspace_bytes + 64)
        address = ctypes.addressof(self.memory)
        self.workspace = c_void_p(address + -address % 64)

    def __getitem__(self, path):
        return self.tensors[path]

    def __setitem__(self, path, values):
        self.tensors[path][:] = values

    def share(self, other, paths):
        """Uses the tensors of another entry instead of its own."""
        for index, path in enumerate(self.tensors):
            if path in paths:
                self.tensors[path] = other[path]
                self.arguments[index] = ctypes.addressof(other[path])

    def __call__(self):
        status = self.function(self.arguments, self.workspace, None, self.signature)
        if status != 0:
            # Above the 8 bits of the status: 1 plus the number of the tensor that is at fault.
            at_fault = f"{list(self.tensors)[(status >> 8) - 1]}: " if status >> 8 else ""
            raise RuntimeError(at_fault + self.strerror(status).decode())


class Library:
    """A library that lgc compiled."""

    def __init__(self, path, name):
        self.code = ctypes.CDLL(path)
        self.strerror = getattr(self.code, name + "_strerror")
        self.strerror.restype = c_char_p
        function = getattr(self.code, name + "_info")
        function.restype = POINTER(Info)
        self.info = function().contents
        if self.info.abi_version != 3:
            raise RuntimeError("the library has another version of the interface")

    def entry(self, name):
        for info in self.info.entries[: self.info.entry_count]:
            if info.name.decode() == name:
                return Entry(self, info)
        raise KeyError(name)


def read_digits(path):
    """Pairs of 64 pixels, 0 to 1, and a digit."""
    with gzip.open(path, "rt") as file:
        rows = [list(map(int, line.split(","))) for line in file]
    return [([pixel / 16 for pixel in row[:PIXELS]], row[PIXELS]) for row in rows]


def main(library_path, data_path):
    random.seed(1)
    digits = read_digits(data_path)
    random.shuffle(digits)
    held_out = len(digits) // HELD_OUT
    test, train = digits[:held_out], digits[held_out:]

    library = Library(library_path, "digits")
    step, predict = library.entry("step"), library.entry("predict")
    parameters = [path for path in predict.tensors if path.startswith("p.")]
    predict.share(step, parameters)
    for path, inputs in [("p.hidden.w", PIXELS), ("p.out.w", 128)]:
        weights = step[path]
        weights[:] = [random.gauss(0, math.sqrt(2 / inputs)) for _ in weights]
    step["momentum"] = [0.9]
    batch = len(step["labels"])
    steps, done = EPOCHS * (len(train) // batch), 0

    for epoch in range(1, EPOCHS + 1):
        random.shuffle(train)
        losses = []
        for start in range(0, len(train) - batch + 1, batch):
            images = train[start : start + batch]
            step["x"] = [pixel for pixels, _ in images for pixel in pixels]
            step["labels"] = [digit for _, digit in images]
            # The learning rate falls from step to step.
            step["rate"] = [0.2 * (1 - done / steps)]
            step()
            done += 1
            losses.append(step["l"][0])
        print(f"epoch {epoch:2}  loss {sum(losses) / len(losses):.5f}")

    right = 0
    for start in range(0, len(test), batch):
        images = test[start : start + batch]
        pixels = [pixel for pixels, _ in images for pixel in pixels]
        predict["x"][: len(pixels)] = pixels
        predict()
        right += sum(found == digit for found, (_, digit) in zip(predict["digits"], images))
    print(f"{right} of {held_out} held-out digits are right: {100 * right / held_out:.2f} %")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(*sys.argv[1:])
