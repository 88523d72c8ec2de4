"""Graphs that are written in Python: what is printed, that it compiles, and what is refused."""

import tempfile
import unittest
from pathlib import Path

import numpy
from support import DIGITS, floats, quick

import lgc
from lgc import bool_, f32, i32, inout, ops


def digits():
    """`examples/digits/digits.graph`, in Python."""
    file = lgc.Graph("Digits.")
    B = file.dim("B", 64, "Images per training step.")

    @file.struct
    class Linear:
        w: f32["I", "O"]
        b: f32["O"]

    @file.struct
    class Mlp:
        """Two layers."""

        hidden: Linear[64, 128]
        out: Linear[128, 10]

    @file.graph
    def linear(x: f32["N", "I"], p: Linear["I", "O"]) -> f32["N", "O"]:
        return x @ p.w + p.b

    @file.graph
    def model(x: f32["N", 64], p: Mlp) -> {"logits": f32["N", 10]}:
        return linear(ops.relu(linear(x, p.hidden)), p.out)

    @file.graph
    def loss(x: f32["N", 64], labels: i32["N"], p: Mlp) -> {"l": f32, "logits": f32["N", 10]}:
        logits = model(x, p)
        return ops.cross_entropy(logits, labels), logits

    @file.entry
    def step(
        x: f32[B, 64].about("Pixels."),
        labels: i32[B],
        rate: f32.within(0, 1),
        momentum: f32,
        p: inout(Mlp),
        v: inout(Mlp),
    ) -> {"l": f32}:
        """One training step."""
        l, _, d = lgc.value_and_grad(loss, wrt="p", of="l")(x, labels, p)
        next_p, next_v = lgc.zip(ops.momentum, p, v, d, rate, momentum)
        lgc.update(p, next_p)
        lgc.update(v, next_v)
        return l

    return file


DIGITS_TEXT = """//! Digits.

/// Images per training step.
dim B = 64

struct Linear[I, O] { w: f32[I, O], b: f32[O] }

/// Two layers.
struct Mlp { hidden: Linear[64, 128], out: Linear[128, 10] }

graph linear[N, I, O](x: f32[N, I], p: Linear[I, O]) -> (y: f32[N, O]) { y = x @ p.w + p.b }

graph model[N](x: f32[N, 64], p: Mlp) -> (logits: f32[N, 10]) {
    logits = linear(relu(linear(x, p.hidden)), p.out)
}

graph loss[N](x: f32[N, 64], labels: i32[N], p: Mlp) -> (l: f32[], logits: f32[N, 10]) {
    logits = model(x, p)
    l = cross_entropy(logits, labels)
}

/// One training step.
entry step(
    /// Pixels.
    x: f32[B, 64],
    labels: i32[B],
    rate: f32[] in [0, 1],
    momentum: f32[],
    inout p: Mlp,
    inout v: Mlp,
) -> (l: f32[]) {
    (l, _, v0) = value_and_grad(loss, wrt = p, of = l)(x, labels, p)
    (v1, v2) = zip(momentum, p, v, v0, rate, momentum)
    p' = v1
    v' = v2
}
"""


class Written(unittest.TestCase):
    def body(self, function, results=f32, x=f32[3], **parameters):
        """The statements of an entry of these parameters, whose text compiles."""
        file = lgc.Graph()
        function.__annotations__ = {"x": x, **parameters, "return": results}
        file.entry(function)
        quick(file.text)
        inside = file.text.split("{", 1)[1].rsplit("}", 1)[0]
        return [line.strip() for line in inside.strip().splitlines()]

    def test_a_file_is_printed_as_it_would_be_written(self):
        self.assertEqual(digits().text, DIGITS_TEXT)

    def test_it_computes_what_the_file_computes(self):
        generator = numpy.random.default_rng(1)
        libraries = [quick(digits(), B=8), quick(DIGITS / "digits.graph", B=8)]
        images, labels = generator.random((8, 64), "f"), numpy.arange(8, dtype=numpy.int32)
        trained = []
        for library in libraries:
            p, v = library.step.zeros("p"), library.step.zeros("v")
            for index, leaf in enumerate(p.state_dict().values()):
                leaf[...] = numpy.cos(numpy.arange(leaf.size) * (index + 1)).reshape(leaf.shape) / 8
            losses = [library.step(images, labels, 0.1, 0.9, p, v) for _ in range(3)]
            trained.append([numpy.array(losses).tobytes(), *(leaf.tobytes() for leaf in p.state_dict().values())])
        self.assertEqual(*trained)

    def test_operators(self):
        def f(x, y):
            return -(x + y) * (x - 2) / x**2 + abs(1 - x)

        self.assertEqual(self.body(f, f32[3], y=f32[3]), ["result = -(x + y) * (x - 2) / x ** 2 + abs(1 - x)"])

        def g(x, n):
            return ops.select((x > 0) & ~(x == 1) | (x != 2), n << 1 & 3 | n ^ 1, n % 2 >> 1)

        expected = "y = select(x > 0 && !(x == 1) || x != 2, n << 1 & 3 | n ^ 1, n % 2 >> 1)"
        self.assertEqual(self.body(g, i32[3], n=i32[3]), [expected])

        def h(x):
            return numpy.array([1.5, 2, 3], numpy.float32) * x + [1, 2, 3] @ x

        self.assertEqual(self.body(h, f32[3]), ["y = [1.5, 2.0, 3.0] * x + [1, 2, 3] @ x"])

    def test_what_is_used_twice_has_a_name(self):
        def f(x):
            square = x * x
            lgc.name(square + 1, "shifted")
            return square * square

        self.assertEqual(self.body(f, f32[3]), ["v0 = x * x", "shifted = v0 + 1", "y = v0 * v0"])

    def test_functions_that_are_not_marked_are_expanded(self):
        def halved(x, times):
            return x if times == 0 else halved(x / 2, times - 1)

        def f(x, times=3):
            return halved(x, times)

        self.assertEqual(self.body(f, f32[3]), ["y = x / 2 / 2 / 2"])

    def test_depth_is_no_matter(self):
        def f(x):
            for _ in range(3000):
                x = ops.sin(x)
            return x

        f.__annotations__ = {"x": f32[3], "return": f32[3]}
        file = lgc.Graph()
        file.entry(f)
        self.assertEqual(file.text.count("sin"), 3000)

    def test_loops_branches_and_parts(self):
        file = lgc.Graph()
        std = file.use("std/layers.graph")

        @file.struct
        class Net:
            layers: std.Linear[8, 8][3]
            norm: std.LayerNorm[8]
            scale: f32

        @file.graph
        def cell(h: f32[8], x: f32[8]) -> {"next": f32[8], "out": f32}:
            following = ops.tanh(h * x)
            return {"next": following, "out": ops.sum(following)}

        @file.graph
        def twice(x: f32[8]) -> f32[8]:
            return x * 2

        @file.graph
        def through(h: f32[8], xs: f32[5, 8]) -> {"l": f32}:
            last, outs = lgc.scan(lgc.checkpoint(cell), carry="h", over="x", reverse=True)(h, xs)
            return ops.sum(last) + ops.mean(outs)

        @file.entry
        def f(
            h: f32[8], xs: f32[5, 8], c: bool_, p: inout(Net)
        ) -> {"d": f32[8], "e": f32[5, 8], "t": f32, "b": f32[8]}:
            e = xs
            for layer in p.layers:
                e = std.linear(e, layer)
            lgc.update(p.layers, [p.layers[1], p.layers[0], p.layers[2]])
            lgc.update(p.norm, p.norm)
            lgc.update(p.scale, p.scale + 1)
            total = lgc.fold(ops.add, 0, lgc.map(ops.sum, p))
            branch = lgc.cond(twice, ops.sin)(c & (p.scale > 0), h)
            return {"d": lgc.grad(through)(h, xs), "e": e, "t": total, "b": branch}

        file.entry(lgc.vjp(through, wrt=["h", "xs"]), "pulled")
        file.entry(lgc.jvp(through), "pushed")
        library = file.compile(backend="cranelift")
        self.assertIn("scan(checkpoint(cell), carry = h, over = x, reverse = true)(h, xs)", file.text)
        self.assertEqual([t.name for t in library.pulled.tensors], ["h", "xs", "ct_l", "l", "d_h", "d_xs"])
        self.assertEqual([t.name for t in library.pushed.tensors], ["h", "xs", "t_h", "l", "t_l"])
        p = library.f.zeros("p")
        p.layers[0].b[...] = 1
        results = library.f(numpy.ones(8, "f"), floats(5, 8), True, p)
        numpy.testing.assert_allclose(results.b, numpy.sin(1), rtol=1e-6)
        self.assertEqual((results.t, p.layers[1].b[0], p.scale), (8, 1, 1))

    def test_results_of_ops_and_attributes(self):
        def f(x):
            values, _ = ops.top_k(ops.concat(x, x), k=2)
            random = ops.rng_normal(ops.cast(ops.iota(shape=[2]), dtype=lgc.u32), stream=1, shape=[2], dtype=f32)
            return {
                "values": ops.gelu(values, approximate="tanh") + 0 * random,
                "n": ops.full(value=1.5, shape=[lgc.Dim("N") + 1]),
            }

        file = lgc.Graph()
        file.dim("N", 2)
        f.__annotations__ = {"x": f32[3], "return": {"values": f32[2], "n": f32["N + 1"]}}
        file.entry(f)
        self.assertIn("n = full(value = 1.5, shape = [N + 1])", file.text)
        self.assertIn("(v0, _) = top_k(concat(x, x), k = 2)", file.text)
        self.assertEqual(file.compile(backend="cranelift", N=4).f(floats(3)).n.shape, (5,))

    def test_structs_are_made_and_einsum(self):
        file = lgc.Graph()

        @file.struct
        class Pair:
            a: f32["N"]
            b: f32

        @file.entry
        def f(x: f32[2, 3], y: f32[3]) -> {"p": Pair[2], "q": Pair[2][2]}:
            p = Pair(a=lgc.einsum("ij,j->i", x, y), b=0)
            return p, [p, Pair[2](p.a, 1)]

        library = file.compile(backend="cranelift")
        results = library.f(floats(2, 3), floats(3))
        self.assertEqual((results.p.a.tolist(), results.q[1].b), ([5, 14], 1))

    def test_integers_have_no_tangents(self):
        file = lgc.Graph()

        @file.graph
        def first(x: f32[3]) -> {"y": f32, "i": i32}:
            return ops.sum(ops.square(x)), ops.argmax(x, axis=0)

        @file.entry
        def f(x: f32[3]) -> {"y": f32, "i": i32, "t": f32, "s": f32}:
            y, i, t = lgc.jvp(first)(x, x)
            _, _, _, s, _ = lgc.jvp(lgc.vjp(first))(x, ops.full(value=1), x)
            return y, i, t, s

        results = file.compile(backend="cranelift").f(floats(3))
        self.assertEqual(tuple(results), (5, 2, 10, 10))

    def test_rules_of_ones_own(self):
        file = lgc.Graph()

        @file.graph
        def length(x: f32["N"], n: i32) -> f32:
            return ops.sqrt(ops.sum(ops.square(x)))

        @file.rule(length, surrogate=True)
        def _(x, y, ct_y):
            return {"x": 2 * ct_y * x / ops.max(y, 1e-20)}

        @file.graph
        def loss(x: f32[2]) -> f32:
            return length(x, 1)

        file.entry(lgc.grad(loss), "slope")
        self.assertIn("} vjp surrogate(ct_y) -> (d_x, _) {\n    d_x = 2 * ct_y * x / max(y, 1e-20)\n}", file.text)
        slope = file.compile(backend="cranelift").slope
        self.assertEqual(slope(numpy.array([3, 4], "f")).round(4).tolist(), [numpy.float32(1.2), numpy.float32(1.6)])
        self.assertEqual(slope(numpy.zeros(2, "f")).tolist(), [0, 0])
        with self.assertRaisesRegex(lgc.TraceError, "has no `ct_n`: it has x, n, y, ct_y"):
            file.rule(length)(lambda ct_n: {})
        with self.assertRaisesRegex(lgc.TraceError, "by the names of x, n"):
            file.rule(length)(lambda ct_y: ct_y)

    def test_a_file_is_saved(self):
        with tempfile.TemporaryDirectory() as place:
            path = Path(place) / "digits.graph"
            digits().save(path)
            self.assertEqual(path.read_text(), DIGITS_TEXT)

    def test_annotations_may_be_text(self):
        scope = {"lgc": lgc, "f32": f32, "file": lgc.Graph()}
        exec("from __future__ import annotations\n@file.entry\ndef f(x: f32[3]) -> f32[3]: return x + 1", scope)
        self.assertIn("y = x + 1", scope["file"].text)


class Refused(unittest.TestCase):
    def refused(self, message, function, kind=TypeError, results=f32[3], **parameters):
        file = lgc.Graph()
        function.__annotations__ = {"x": f32[3], **parameters, "return": results}
        with self.assertRaisesRegex(kind, message):
            file.entry(function)
        self.assertEqual(file.source, "\n")

    def test_what_a_value_has_not(self):
        self.refused("choose by `lgc.ops.select`", lambda x: 1 if x > 0 else 2)
        self.refused("taken by `lgc.ops.slice`", lambda x: x[0])
        self.refused("has no fields; .* no `sum`", lambda x: x.sum(), AttributeError)
        self.refused("`object` is no constant", lambda x: x + object())
        self.refused("its annotation|has no type", lambda x, y: x + y)
        self.refused("returns something else", lambda x: None)
        self.refused("returns something else", lambda x: (x, x), results={"a": f32[3], "b": f32[3], "c": f32[3]})
        self.refused("results of <lambda> are declared", lambda x: x, results=3)
        self.refused("no function of a graph", lambda x: lgc.grad(lambda y: y)(x))
        self.refused("has no next value", lambda x: lgc.update(x + 1, x))
        self.refused("cannot name", lambda x: lgc.name(x + 1, "a b"))

    def test_values_stay_in_their_graphs(self):
        file, kept = lgc.Graph(), []

        @file.graph
        def first(x: f32[3]) -> f32[3]:
            kept.append(x)
            return x

        def second(x):
            return x + kept[0]

        self.refused("is used in the graph second: pass it", second)
        with self.assertRaisesRegex(lgc.TraceError, "there is no graph here"):
            ops.full(value=1)

    def test_fields_that_are_not_there(self):
        file = lgc.Graph()

        @file.struct
        class Pair:
            a: f32[3]

        self.refused("has no field `b`: it has a", lambda x, p: p.b, AttributeError, p=Pair)
        self.refused("has no element 2", lambda x, p: p[2].a, IndexError, p=Pair[2])
        with self.assertRaisesRegex(lgc.TraceError, "declares `Pair` already"):
            file.struct(type("Pair", (), {}))
        with self.assertRaisesRegex(lgc.TraceError, "the field `a` of Other is no type"):
            file.struct(type("Other", (), {"__annotations__": {"a": int}}))
        with self.assertRaisesRegex(TypeError, "1.5 is no extent"):
            f32[1.5]

    def test_the_compiler_has_the_last_word(self):
        file = lgc.Graph()

        @file.entry
        def f(x: f32[3]) -> f32[4]:
            return x + 1

        with self.assertRaises(lgc.CompileError) as raised:
            file.compile()
        self.assertEqual(raised.exception.code, "E0301")
        self.assertIn("x + 1", str(raised.exception))


if __name__ == "__main__":
    unittest.main()
