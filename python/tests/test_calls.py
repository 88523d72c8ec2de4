"""Entries as functions: what goes in, what comes out, what they say of themselves."""

import array
import ctypes
import inspect
import unittest
from dataclasses import dataclass
from typing import Any

import numpy
from support import KINDS, floats, needs, quick

import lgc


class Calls(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = quick(KINDS)

    def test_results_are_new_arrays_and_inout_is_updated_in_place(self):
        p = self.library.step.zeros("p")
        memory = p.layers[1].w
        first = self.library.step(floats(3), numpy.array([2, 0], numpy.int32), 0.5, p)
        second = self.library.step(floats(3), numpy.array([2, 0], numpy.int32), rate=0.5, p=p)
        self.assertIs(p.layers[1].w, memory)
        numpy.testing.assert_array_equal(memory, numpy.full((2, 3), 1, numpy.float32))
        self.assertEqual((first.l, list(first.picked)), (3, [2, 0]))
        self.assertEqual((first.next.scale, second.next.scale), (0.5, 1))
        l, picked, following = second
        self.assertIs(l, second[0])
        self.assertEqual(following.layers[0].w.shape, (2, 3))
        self.assertIn("picked=array", repr(second))

    def test_every_dtype_goes_through(self):
        entry = self.library.dtypes
        values = entry.zeros()
        for result, tensor in zip(entry(**values), entry.tensors):
            self.assertEqual(result.dtype, values[tensor.name].dtype)
            expected = [True, True] if tensor.dtype == "bool" else [1, 1]
            self.assertEqual(result.astype(numpy.float64).tolist() if tensor.dtype != "bf16" else [1, 1], expected)

    def test_halves_may_be_given_as_their_bits(self):
        values = self.library.dtypes.zeros()
        values["g"] = numpy.array([0x3F80, 0x4000], numpy.uint16)
        results = self.library.dtypes(**values)
        self.assertEqual(results.ng.view(numpy.uint16).tolist(), [0x4000, 0x4040])

    @needs("ml_dtypes")
    def test_bf16_is_that_of_ml_dtypes(self):
        import ml_dtypes

        values = self.library.dtypes.zeros()
        values["g"] = numpy.array([1, 2], ml_dtypes.bfloat16)
        results = self.library.dtypes(**values)
        self.assertEqual(results.ng.dtype, ml_dtypes.bfloat16)
        self.assertEqual(results.ng.astype(numpy.float32).tolist(), [2, 3])

    def test_out_says_where_results_go(self):
        x, out = floats(4, 2), numpy.empty((4, 2), numpy.float32)
        self.assertIs(self.library.times(x, 2, out=out), out)
        numpy.testing.assert_array_equal(out, 2 * x)
        values = self.library.step.zeros()
        l, picked, following = numpy.empty((), "f"), numpy.empty(2, "f"), self.library.step.zeros("p")
        self.library.step(**values, out={"picked": picked, "l": l, "next": following})
        results = self.library.step(**values, out=(l, picked, following))
        self.assertIs(results.next, following)

    def test_names_that_are_words_of_python_have_an_underscore(self):
        doubled = self.library.times(floats(4, 2), lambda_=2)
        numpy.testing.assert_array_equal(doubled, self.library.times(floats(4, 2), **{"lambda": 2.0}))
        struct = lgc.Struct(**{"lambda": 1, "class": 2})
        struct.class_ = 3
        self.assertEqual((struct.lambda_, struct.class_, vars(struct)["class"]), (1, 3, 3))

    def test_a_parameter_called_out_has_an_underscore(self):
        out = numpy.zeros((), numpy.float32)
        self.library.renamed(3, out)
        self.assertEqual(out, 3)
        a = self.library.renamed(4, out_=out, out={"a": numpy.zeros((), "f"), "b": numpy.zeros((), "f")}).a
        self.assertEqual((out, a), (4, 4))

    def test_results_are_called_as_they_are(self):
        results = quick(
            "entry f(x: f32[]) -> (out: f32[], count: f32[], in_: f32[]) { out = x; count = x + 1; in_ = 2 }"
        ).f(1)
        self.assertEqual((results.out, results.count, results.in_), (1, 2, 2))

    def test_memory_of_the_standard_library_is_used(self):
        x, out = array.array("f", range(8)), (ctypes.c_float * 8)()
        with memoryview(x).cast("B").cast("f", (4, 2)) as view:
            result = self.library.times(view, array.array("f", [3])[0])
        self.assertEqual(result[3].tolist(), [18, 21])
        grid = memoryview(out).cast("B").cast("f", (4, 2))
        self.library.times(floats(4, 2), 2, out=grid)
        self.assertEqual(out[7], 14)
        self.assertEqual(self.library.step(**{**self.library.step.zeros(), "x": (ctypes.c_float * 3)(1, 2, 3)}).l, 6)
        x.append(1)  # nothing holds the memory any more

    def test_scalars_are_numbers_or_arrays(self):
        for number in (2, 2.0, numpy.float64(2), numpy.float32(2), numpy.array(2, numpy.float32)):
            self.assertEqual(self.library.times(floats(4, 2), number)[3, 1], 14)

    def test_tensors_without_elements(self):
        y, s = self.library.empty(numpy.empty((0, 3), numpy.float32))
        self.assertEqual((y.shape, s), ((0, 3), 0))

    def test_trees_are_whatever_has_the_fields(self):
        @dataclass
        class Net:
            layers: Any
            scale: Any

        layers = [{"w": floats(2, 3), "b": floats(3)}, {"w": floats(2, 3), "b": floats(3)}]
        nested = {"layers": layers, "scale": numpy.zeros((), "f")}
        flat = {"scale": numpy.zeros((), "f")}
        flat.update({f"layers.{i}.{name}": floats(2, 3) if name == "w" else floats(3) for i in (0, 1) for name in "wb"})
        bracketed = {name.replace(".0.", "[0].").replace(".1.", "[1]."): numpy.array(v) for name, v in flat.items()}
        values = self.library.step.zeros()
        for tree in (nested, Net(tuple(layers), numpy.zeros((), "f")), flat, bracketed, lgc.Struct(**nested)):
            values["p"], values["rate"] = tree, 1
            self.library.step(**values)
        self.assertEqual((layers[1]["b"].tolist(), flat["layers.1.b"].tolist()), ([3, 4, 5], [1, 2, 3]))
        self.assertEqual(bracketed["layers[1].b"].tolist(), [1, 2, 3])

    def test_entries_describe_themselves(self):
        step = self.library.step
        self.assertEqual(list(inspect.signature(step).parameters), ["x", "labels", "rate", "p"])
        self.assertIn("x: f32[3], labels: i32[2], rate: f32[], p: inout Struct", repr(step))
        self.assertEqual(str(inspect.signature(self.library.times)), "(x: f32[4, 2], lambda_: f32[]) -> f32[4, 2]")
        self.assertTrue(step.__doc__.startswith("Adds to everything."))
        self.assertIn("What is added.", step.__doc__)
        self.assertIn("i32[2]     in [0, 2]", step.__doc__)
        self.assertEqual((step.__name__, self.library.doc), ("step", "Parameters of every kind."))
        self.assertIn("step", dir(self.library))
        self.assertIs(self.library["step"], self.library.entries["step"])
        self.assertEqual([t.name for t in step.tensors][3:6], ["p.layers[0].w", "p.layers[0].b", "p.layers[1].w"])


if __name__ == "__main__":
    unittest.main()
