"""Structs of tensors: made, shown, copied, written to files and read."""

import copy
import json
import pickle
import tempfile
import unittest
from pathlib import Path

import numpy
from support import KINDS, floats, needs, quick

import lgc


class Trees(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = quick(KINDS)

    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.file = Path(place.name) / "net.safetensors"

    def net(self, fill=0):
        p = self.library.step.zeros("p")
        for number, leaf in enumerate(p.state_dict().values()):
            leaf[...] = fill + number
        return p

    def test_structs_are_like_dataclasses(self):
        p = self.net()
        shown = "Struct(layers=[Struct(w=f32[2, 3], b=f32[3]), Struct(w=f32[2, 3], b=f32[3])], scale=f32[])"
        self.assertEqual(repr(p), shown)
        for other in (copy.deepcopy(p), pickle.loads(pickle.dumps(p))):
            self.assertEqual(repr(other), shown)
            self.assertEqual(other.layers[1].b.tolist(), [3, 3, 3])
            self.assertIsNot(other.scale, p.scale)
        self.assertEqual(list(p.state_dict()), ["layers.0.w", "layers.0.b", "layers.1.w", "layers.1.b", "scale"])

    def test_a_struct_goes_to_a_file_and_back(self):
        lgc.save_tensors(self.net(2), self.file, {"step": "7"})
        p = self.library.step.zeros("p")
        memory = p.scale
        p.load_state_dict(lgc.load_tensors(self.file))
        self.assertEqual((p.scale, p.layers[1].w[0, 0]), (6, 4))
        self.assertIs(p.scale, memory)
        self.assertEqual([path.name for path in self.file.parent.iterdir()], ["net.safetensors"])
        header = json.loads(self.file.read_bytes()[8:].split(b"}}")[0] + b"}}")
        self.assertEqual(header["__metadata__"], {"step": "7"})

    def test_every_dtype_goes_to_a_file_and_back(self):
        values = self.library.dtypes.zeros()
        for value in values.values():
            value.view(numpy.uint8)[...] = 1
        if values["g"].dtype == numpy.uint16:
            with self.assertRaisesRegex(lgc.ArgumentError, "where ml_dtypes is installed"):
                lgc.save_tensors(values, self.file)
            del values["g"]
        lgc.save_tensors(values, self.file)
        for name, value in lgc.load_tensors(self.file).items():
            self.assertEqual((value.dtype, value.tobytes()), (values[name].dtype, values[name].tobytes()))
        lgc.save_tensors({"none": numpy.empty((0, 3), "f")}, self.file)
        self.assertEqual(lgc.load_tensors(self.file)["none"].shape, (0, 3))

    @needs("safetensors")
    def test_the_files_are_those_of_others(self):
        from safetensors.numpy import load_file, save_file

        lgc.save_tensors(self.net(1), self.file)
        tensors = load_file(self.file)
        self.assertEqual(tensors["layers.1.b"].tolist(), [4, 4, 4])
        save_file(tensors, self.file)
        self.assertEqual(lgc.load_tensors(self.file)["scale"], 5)

    def test_a_graph_loads_what_was_saved(self):
        lgc.save_tensors({"w": floats(3)}, self.file)
        graph = self.file.with_name("g.graph")
        graph.write_text('entry f(x: f32[3]) -> (y: f32[3]) { y = x * load("net.safetensors", "w") }')
        self.assertEqual(quick(graph).f(floats(3)).tolist(), [0, 1, 4])

    def test_what_does_not_fit_changes_nothing(self):
        p, state = self.net(), self.net(9).state_dict()
        before = [leaf.tobytes() for leaf in p.state_dict().values()]
        wrong = {
            "`scale` is missing": {name: leaf for name, leaf in state.items() if name != "scale"},
            "`more` is not in the tree": {**state, "more": floats(1)},
            r"`scale` is f32\[1\] instead of f32\[\]": {**state, "scale": floats(1)},
            r"`scale` is f64\[\] instead of f32\[\]": {**state, "scale": numpy.zeros(())},
            "`layers.0.b` is read-only, or not dense": {**state, "layers.0.b": floats(6)[::2]},
            "`scale` is a `list`": {**state, "scale": [1]},
        }
        for message, values in wrong.items():
            with self.assertRaisesRegex(lgc.ArgumentError, message):
                p.load_state_dict(values)
        self.assertEqual([leaf.tobytes() for leaf in p.state_dict().values()], before)

    def test_damaged_files_are_refused(self):
        lgc.save_tensors(self.net(), self.file)
        content = self.file.read_bytes()
        header = int.from_bytes(content[:8], "little")
        changes = [(b'"F32"', b'"F8"'), (b"[2, 3]", b"[2,-3]"), (b"[0, 24]", b"[-1,23]")]
        damaged = [content.replace(old, new) for old, new in changes]
        damaged += [b"", content[:4], content[: 8 + header // 2], content[:-1], b"\xff" * 8 + content[8:]]
        damaged.append(b"\x02" + b"\0" * 7 + b"[]")
        for text in damaged:
            self.file.write_bytes(text)
            with self.assertRaisesRegex(lgc.Error, "is no file of safetensors"):
                lgc.load_tensors(self.file)


if __name__ == "__main__":
    unittest.main()
