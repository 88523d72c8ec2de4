"""The compiler, as a function and as a command."""

import json
import os
import pickle
import subprocess
import sys
import unittest
import warnings
from pathlib import Path
from unittest import mock

import numpy
from support import DIGITS, KINDS, floats, quick

import lgc

WRONG = "graph f(x: f32[3]) -> (y: f32[4]) {\n    y = x + 1\n}\n"


class Compile(unittest.TestCase):
    def test_dims_are_keywords(self):
        digits = quick(DIGITS / "digits.graph", B=5)
        self.assertEqual(digits.step.tensors[0].shape, (5, 64))
        text = "dim backend = 2\nentry f(x: f32[backend]) -> (y: f32[backend]) { y = x + 1 }"
        self.assertEqual(quick(text, dims={"backend": 3}).f(floats(3)).tolist(), [1, 2, 3])
        with self.assertRaisesRegex(ValueError, "the dim B cannot be -1"):
            quick(DIGITS / "digits.graph", B=-1)
        with self.assertRaises(TypeError):
            quick(DIGITS / "digits.graph", B="5")
        with self.assertRaisesRegex(lgc.CompileError, "E0207"):
            quick(DIGITS / "digits.graph", C=5)

    def test_what_is_wrong_is_told_with_its_place(self):
        with self.assertRaises(lgc.CompileError) as raised:
            quick(WRONG)
        error = raised.exception
        self.assertEqual((error.code, len(error.diagnostics)), ("E0301", 1))
        span = error.span
        self.assertEqual(
            (span.file, span.line, span.column, span.end_column, span.primary), ("<stdin>", 2, 9, 14, True)
        )
        self.assertEqual(error.diagnostics[0].span, span)
        self.assertIn("    y = x + 1\n            ^^^^^ this is f32[3]", str(error))
        self.assertEqual(vars(pickle.loads(pickle.dumps(error))), vars(error))

    def test_all_that_is_wrong_is_told(self):
        with self.assertRaises(lgc.CompileError) as raised:
            quick("graph f(x: f32[3]) -> (y: f32[3]) { y = x + z }\ngraph g(x: f32[3]) -> (y: f32[3]) { y = x + w }")
        self.assertEqual([d.code for d in raised.exception.diagnostics], ["E0201", "E0201"])
        self.assertIn("statement", raised.exception.help)

    def test_files_that_are_not_there(self):
        with self.assertRaisesRegex(lgc.CompileError, "E0701"):
            quick("nowhere.graph")
        with self.assertRaisesRegex(lgc.CompileError, "E0712"):
            lgc.compile(KINDS, backend="none")

    def test_a_monitored_library_yields_margins(self):
        library = quick("entry f(x: f32[2]) -> (y: f32[2], d: f32[2]) { y = relu(x); d = grad(l, wrt = x)(x) }\n"
                        "graph l(x: f32[2]) -> (y: f32[]) { y = sum(relu(x)) }", monitor=True)  # fmt: skip
        results = library.f(numpy.array([0.5, -0.25], numpy.float32))
        self.assertEqual(len(results.margins), len(library.conditions))
        self.assertEqual(library.conditions[0].requirement, "x ≠ 0")
        self.assertEqual((min(results.margins), sum(results.violations)), (0.25, 0))

    def test_nothing_is_left_behind(self):
        library = quick(KINDS)
        place = Path(library.path).parent
        self.assertTrue(place.exists())
        del library
        self.assertFalse(place.exists())
        with mock.patch("tempfile.mkdtemp", return_value=str(place)):
            place.mkdir()
            with self.assertRaises(lgc.CompileError):
                quick(WRONG)
        self.assertFalse(place.exists())

    def test_a_compiler_that_is_not_there(self):
        with mock.patch.dict(os.environ, LGC="/nowhere/lgc"), self.assertRaisesRegex(lgc.CompilerError, "LGC names"):
            lgc.compile(KINDS)
        with mock.patch.dict(os.environ, LGC="false"), self.assertRaisesRegex(lgc.CompilerError, "exit code 1"):
            lgc.compile(KINDS)

    def test_warnings_are_warnings(self):
        message = {"severity": "warning", "code": "E0000", "message": "m", "file": None, "spans": [], "notes": []}
        answer = subprocess.CompletedProcess([], 0, "", json.dumps({**message, "help": [], "more": 1}) + "\n")
        with mock.patch("subprocess.run", return_value=answer), warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            with self.assertRaises(lgc.LibraryError):
                lgc.compile(KINDS)
        self.assertEqual([str(w.message) for w in caught if w.category is lgc.CompileWarning], ["warning[E0000]: m"])

    def test_the_command_line_is_a_module(self):
        command = [sys.executable, "-m", "lgc"]
        shown = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        self.assertTrue(shown.stdout.startswith("lgc "))
        wrong = subprocess.run([*command, "compile", "-"], input=WRONG, capture_output=True, text=True, check=False)
        self.assertEqual(wrong.returncode, 1)


if __name__ == "__main__":
    unittest.main()
