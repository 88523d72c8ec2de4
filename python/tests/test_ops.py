"""The ops are those of the compiler, and each of its examples can be written in Python."""

import re
import unittest
from unittest import mock

from support import REPOSITORY

import lgc
from lgc import _functions, ops
from lgc._compiler import run
from lgc._trace import Trace, Value

REFERENCE = (REPOSITORY / "docs" / "ops.md").read_text(encoding="utf-8")
EXAMPLE = re.compile(r"^\((.*)\) -> (.+)$", re.MULTILINE)
# What Python writes in another way, outside of brackets of types.
PYTHON = [(r"\btrue\b", "True"), (r"\bfalse\b", "False"), (r"!(?!=)", "~"), (r"&&", "&"), (r"\|\|", "|")]


def names():
    """What an example may name."""
    known = {name: getattr(ops, name) for name in ops.OPERANDS}
    for name in ("checkpoint", "scan", "cond", "fold", "map", "zip", "associative_scan", "einsum", "grad"):
        known[name] = getattr(_functions, name)
    dtypes = {dtype: getattr(lgc, dtype) for dtype in ("i32", "i64", "u32", "f16", "bf16", "f32", "f64")}
    return {**known, **dtypes, "bool": lgc.bool_, "inf": float("inf"), "none": "none", "x": "x"}


def written(parameters, expression):
    """An example as it is written through Python, in one expression."""
    for pattern, python in PYTHON:
        expression = re.sub(pattern, python, expression)
    trace = Trace("f", set(parameters))
    values = {name: Value(trace, name)._typed(lgc.Type(dtype, dims=())) for name, dtype in parameters.items()}
    with mock.patch("lgc._trace._INLINE", 1000):
        result = trace.run(lambda **values: eval(expression, {**names(), **values}), values)
        result = result[0] if isinstance(result, tuple) else result
        return trace.statements({"y": trace.operand(result)})[-1]


def canonical(statements):
    """Statements in canonical form, with numbers in one form."""
    text = run(["fmt", "-"], "".join(f"graph g() -> () {{\n    {statement}\n}}\n" for statement in statements))
    number = re.compile(r"(?<![\w.])\d+\.?\d*(e[-+]?\d+)?")
    return number.sub(lambda match: repr(float(match[0])), text).split("graph")


def words(text):
    """The words of a statement: attributes may be in any order."""
    return sorted(re.split(r"[,\s]+|(?<=[()])|(?=[()])", text))


class Ops(unittest.TestCase):
    def test_they_are_those_of_the_compiler(self):
        listed = {line.split("(")[0] for line in run(["info", "--ops"]).splitlines()}
        elsewhere = {"input", "literal", "call", "scan", "cond"}
        self.assertEqual(set(ops.OPERANDS), listed - elsewhere)
        self.assertEqual(elsewhere - listed, set())

    def test_every_example_can_be_written(self):
        examples, through_python = [], []
        for declared, expression in EXAMPLE.findall(REFERENCE):
            parameters = dict(re.findall(r"(\w+): (\w+)\[", declared))
            with self.subTest(expression=expression):
                through_python.append(written(parameters, expression))
                # The first of several results.
                is_several = re.match(r"\(", through_python[-1])
                examples.append(
                    through_python[-1].split(" = ")[0] + " = " + expression if is_several else f"y = {expression}"
                )
        for one, other in zip(canonical(examples), canonical(through_python)):
            self.assertEqual(words(one), words(other))
        called = set(re.findall(r"\b(\w+)\(", "\n".join(through_python)))
        operators = set("add sub mul div pow rem neg equal not_equal less less_equal greater greater_equal logical_and "
                        "logical_or logical_not bit_and bit_or bit_xor shift_left shift_right".split())  # fmt: skip
        self.assertEqual(set(ops.OPERANDS) - called - operators, set())

    def test_they_are_documented(self):
        self.assertIn("The k largest elements", ops.top_k.__doc__)
        self.assertIn("- `axis` (an integer; `-1` if left out)", ops.softmax.__doc__)


if __name__ == "__main__":
    unittest.main()
