"""What does not fit raises, names what is wrong, and leaves everything as it was."""

import array
import ctypes
import random
import unittest

import numpy
from support import KINDS, floats, quick

import lgc


class WrongInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = quick(KINDS)

    def refused(self, code, tensor, says, kind=lgc.ArgumentError, **changed):
        """A call of `step` with these arguments raises this."""
        values = self.library.step.zeros()
        before = values["p"]
        values.update(changed)
        with self.assertRaises(kind) as raised:
            self.library.step(**values)
        error = raised.exception
        self.assertEqual((error.code, error.tensor, error.entry), (code, tensor, "step"))
        self.assertIn(says, str(error))
        self.assertTrue(all(not leaf.any() for leaf in before.state_dict().values()))
        return error

    def test_dtypes(self):
        error = self.refused("LGC_TENSOR_DTYPE", "x", "`x` is f64[3]; f32[3] is wanted", x=numpy.zeros(3))
        self.assertEqual(error.help, "pass numpy.asarray(…, numpy.float32)")
        self.refused("LGC_TENSOR_DTYPE", "labels", "i64[2]", labels=numpy.zeros(2, numpy.int64))
        self.refused("LGC_TENSOR_DTYPE", "x", "is >f4[3]", x=numpy.zeros(3, ">f4"))
        self.refused("LGC_TENSOR_DTYPE", "x", "is object[3]", x=numpy.array([None] * 3))
        self.refused("LGC_TENSOR_DTYPE", "x", "is u8[3]", x=b"abc")
        self.refused("LGC_TENSOR_DTYPE", "x", "is masked", x=numpy.ma.masked_array(floats(3), [True, False, False]))

    def test_dtypes_of_what_is_written(self):
        p = self.library.step.zeros("p")
        p.layers[1].b = numpy.zeros(3)
        error = self.refused("LGC_TENSOR_DTYPE", "p.layers[1].b", "f64[3]; f32[3] is wanted", p=p)
        self.assertEqual(error.help, "make it as numpy.float32, and keep that")

    def test_shapes(self):
        self.refused("LGC_TENSOR_SHAPE", "x", "`x` is f32[4]; f32[3] is wanted", x=floats(4))
        self.refused("LGC_TENSOR_RANK", "x", "`x` is f32[3, 1]; f32[3] is wanted", x=floats(3, 1))
        self.refused("LGC_TENSOR_RANK", "rate", "`rate` is f32[1]; f32[] is wanted", rate=floats(1))

    def test_layouts(self):
        self.refused("LGC_TENSOR_STRIDES", "x", "its strides are (2,) elements", x=floats(6)[::2])
        self.refused("LGC_TENSOR_STRIDES", "x", "its strides are (-1,) elements", x=floats(3)[::-1])
        with self.assertRaisesRegex(lgc.ArgumentError, r"strides are \(1, 4\)"):
            self.library.times(numpy.asfortranarray(floats(4, 2)), 1)
        memory = numpy.zeros(13, numpy.uint8)
        self.refused("LGC_TENSOR_MISALIGNED", "x", "not aligned", x=memory[1:].view(numpy.float32))

    def test_read_only_arrays_are_not_written(self):
        p = self.library.step.zeros("p")
        p.layers[0].w.flags.writeable = False
        self.refused("READ_ONLY", "p.layers[0].w", "is read-only", p=p)
        out = floats(4, 2)
        out.flags.writeable = False
        with self.assertRaisesRegex(lgc.ArgumentError, "`out` is read-only"):
            self.library.times(floats(4, 2), 2, out=out)
        self.assertEqual(self.library.times(out, 2).shape, (4, 2))

    def test_numbers(self):
        p = self.library.step.zeros("p")
        p.scale = 0.0
        self.refused("LGC_TENSOR_DTYPE", "p.scale", "is a `float`", p=p)
        self.refused("LGC_TENSOR_DTYPE", "x", "is a `float`", x=1.0)
        self.refused("LGC_TENSOR_DTYPE", "rate", "is a bool", rate=True)
        self.refused("LGC_TENSOR_DTYPE", "rate", "is 1e+300, which f32 does not hold", rate=1e300)
        self.refused("LGC_TENSOR_DTYPE", "rate", "is a `NoneType`", rate=None)
        self.refused("LGC_TENSOR_DTYPE", "rate", "is a `str`", rate="0.1")
        self.refused("LGC_TENSOR_DTYPE", "x", "is a `list`", x=[1.0, 2.0, 3.0])

    def test_arguments(self):
        with self.assertRaisesRegex(TypeError, "step: `labels` is missing: i32\\[2\\]"):
            self.library.step(floats(3))
        with self.assertRaisesRegex(lgc.ArgumentError, "there is no parameter `lr`\n  help: there are x, labels"):
            self.library.step(lr=1)
        with self.assertRaisesRegex(lgc.ArgumentError, "`x` is given twice"):
            self.library.step(floats(3), x=floats(3))
        with self.assertRaisesRegex(lgc.ArgumentError, "takes 4 arguments, and there are 5"):
            self.library.step(1, 2, 3, 4, 5)
        with self.assertRaisesRegex(lgc.ArgumentError, "`out` does not fit"):
            self.library.step(**self.library.step.zeros(), out=floats(3))
        with self.assertRaisesRegex(lgc.ArgumentError, "there is no parameter `q`"):
            self.library.step.zeros("q")
        with self.assertRaisesRegex(AttributeError, "no entry `stop`; it has step"):
            self.library.stop()

    def test_trees(self):
        zeros = lambda: self.library.step.zeros("p")  # noqa: E731
        self.refused("MISSING", "p.layers", "is missing in a `dict`", p={"scale": numpy.zeros((), "f")})
        self.refused("MISSING", "p.layers", "is missing in a `ndarray`", p=floats(3))
        self.refused("MISSING", "p.layers[0]", "is missing in a `NoneType`", p=lgc.Struct(layers=None, scale=1))
        self.refused(
            "UNEXPECTED", "p.layers", "has 1 elements instead of 2", p={**vars(zeros()), "layers": zeros().layers[:1]}
        )
        self.refused("UNEXPECTED", "p", "has `bias`", p={**vars(zeros()), "bias": floats(3)})
        with self.assertRaisesRegex(AttributeError, "no field `scales` in Struct"):
            zeros().scales = 1

    def test_what_is_written_overlaps_nothing(self):
        p = self.library.step.zeros("p")
        p.layers[1].b = p.layers[0].b
        error = self.refused("LGC_OVERLAP", "p.layers[0].b", "overlaps `p.layers[1].b`", p=p)
        self.assertIn("copy", error.help)
        x = floats(4, 2)
        with self.assertRaisesRegex(lgc.ArgumentError, "overlaps"):
            self.library.times(x, 2, out=x)

    def test_whatever_is_passed_is_used_or_refused(self):
        strided = numpy.lib.stride_tricks.as_strided
        values = [
            *(None, 1, 2.5, True, "a", b"abcd", [], [1.0], {}, (), object(), int, numpy.ndarray, len, 10**400, -1),
            *(float("nan"), floats(3), floats(4, 2), floats(2, 4).T, floats(2, 3), floats(0, 3), floats(0)),
            *(numpy.zeros(2, "i4"), numpy.array([5, -7], "i4"), numpy.zeros((), "f"), numpy.float32(1), numpy.int64(3)),
            *(numpy.zeros(3, dtype) for dtype in (">f4", "S4", "O", "M8[s]", "c8", "V2", "?", "f2", "u2")),
            *(numpy.broadcast_to(numpy.float32(1), (4, 2)), strided(floats(8), (4, 2), (0, 4)), numpy.ma.zeros(3, "f")),
            *(array.array("f", [1, 2, 3]), (ctypes.c_float * 3)(), ctypes.c_float(1), memoryview(b""), bytearray(12)),
            *(self.library, self.library.step, lgc.Struct(), lgc.Struct(layers=[], scale=1), range(3), iter([])),
        ]
        generator, entries, used = random.Random(1), list(self.library.entries.values()), 0
        for _ in range(4000):
            entry, value = generator.choice(entries), generator.choice(values)
            arguments = entry.zeros()
            names = [name for name, _ in lgc.named_leaves(arguments)]
            flat = dict(lgc.named_leaves(arguments), **{generator.choice(names): value})
            arguments.update({name: flat[name] for name in flat if name in arguments})
            if "p" in arguments:
                arguments["p"] = {name[2:]: leaf for name, leaf in flat.items() if name.startswith("p.")}
            try:
                entry(**{f"{name}_" if name == "out" else name: leaf for name, leaf in arguments.items()})
                used += 1
            except lgc.Error as error:
                self.assertTrue(error.code and error.entry == entry.name, error)
        self.assertGreater(used, 100)

    def test_indices_are_in_range(self):
        labels = numpy.array([0, 3], numpy.int32)
        self.refused("LGC_INDEX_OUT_OF_RANGE", "", "an index is out of range", kind=IndexError, labels=labels)


if __name__ == "__main__":
    unittest.main()
