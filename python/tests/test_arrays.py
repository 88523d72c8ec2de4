"""Arrays of other libraries, by DLPack; where they are not installed, NumPy's own by the same way."""

import sys
import unittest

import numpy
from support import KINDS, floats, needs, quick

import lgc

# From this version on, NumPy knows version 1 of DLPack, which says what is read-only.
VERSIONED = numpy.lib.NumpyVersion(numpy.__version__) >= "2.1.0"


class ByDlpack:
    """An array of which nothing is known but that it speaks DLPack, in the version of its time."""

    def __init__(self, array, device=None, versioned=True):
        self.array, self.device, self.versioned, self.asked = array, device, versioned, 0

    def __dlpack_device__(self):
        return self.device or self.array.__dlpack_device__()

    def __dlpack__(self, **options):
        self.asked += 1
        if not self.versioned and options:
            raise TypeError("got an unexpected keyword argument")
        return self.array.__dlpack__(**options)


class Arrays(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.library = quick(KINDS)

    def test_memory_is_shared(self):
        for versioned in {VERSIONED, False}:
            x, out = (
                ByDlpack(floats(4, 2), versioned=versioned),
                ByDlpack(numpy.zeros((4, 2), "f"), versioned=versioned),
            )
            references = sys.getrefcount(x.array)
            self.library.times(x, 2, out=out)
            self.assertEqual(out.array[3].tolist(), [12, 14])
            # Capsules are gone, and what they held with them.
            self.assertEqual(sys.getrefcount(x.array), references)
            self.assertEqual(x.asked, 1 if versioned else 2)

    def test_other_devices_are_refused(self):
        with self.assertRaisesRegex(lgc.ArgumentError, "`x` lies on cuda:1; .* is wanted\n  help: copy it") as raised:
            self.library.times(ByDlpack(floats(4, 2), device=(2, 1)), 2)
        self.assertEqual(raised.exception.code, "LGC_TENSOR_DEVICE")

    def test_what_they_refuse_is_told(self):
        class Stubborn(ByDlpack):
            def __dlpack__(self, **options):
                raise BufferError("this tensor requires gradients")

        with self.assertRaisesRegex(lgc.ArgumentError, "`x` cannot be passed by DLPack: this tensor requires grad"):
            self.library.times(Stubborn(floats(4, 2)), 2)

    def test_the_same_is_checked_as_of_arrays(self):
        transposed = ByDlpack(floats(2, 4).T)
        with self.assertRaisesRegex(lgc.ArgumentError, r"its strides are \(1, 4\) elements"):
            self.library.times(transposed, 2)
        with self.assertRaisesRegex(lgc.ArgumentError, r"`x` is f64\[4, 2\]; f32\[4, 2\] is wanted"):
            self.library.times(ByDlpack(numpy.zeros((4, 2))), 2)

    @unittest.skipUnless(VERSIONED, "this NumPy exports nothing that is read-only")
    def test_read_only_arrays_are_read(self):
        frozen = floats(4, 2)
        frozen.flags.writeable = False
        with self.assertRaisesRegex(lgc.ArgumentError, "`out` is read-only"):
            self.library.times(floats(4, 2), 2, out=ByDlpack(frozen))
        self.assertEqual(self.library.times(ByDlpack(frozen), 2)[3, 1], 14)

    @needs("torch")
    def test_pytorch(self):
        import torch

        module = torch.nn.Module()
        module.layers = torch.nn.ModuleList(torch.nn.Module() for _ in range(2))
        for layer in module.layers:
            layer.w, layer.b = torch.nn.Parameter(torch.zeros(2, 3)), torch.nn.Parameter(torch.zeros(3))
        module.scale = torch.nn.Parameter(torch.zeros(()))
        values = {**self.library.step.zeros(), "rate": 0.5, "x": torch.ones(3)}
        # The state dict shares the memory of the module, which is trained in place.
        results = self.library.step(**{**values, "p": module.state_dict()})
        self.assertEqual((float(results.l), module.layers[1].w.detach().unique().tolist()), (3, [0.5]))
        # And back: a tree fills a module.
        state = {name: torch.from_numpy(leaf) for name, leaf in results.next.state_dict().items()}
        module.load_state_dict(state)
        half = torch.ones(2, dtype=torch.bfloat16)
        self.assertEqual(lgc.Struct(h=half).__repr__(), "Struct(h=bf16[2])")
        with self.assertRaisesRegex(lgc.ArgumentError, "use tensor.detach"):
            self.library.step(**{**values, "p": dict(module.named_parameters())})

    @needs("jax")
    def test_jax(self):
        import jax

        p = self.library.step.zeros("p")
        on_device = jax.tree.map(jax.numpy.asarray, p)
        self.assertIsInstance(on_device, lgc.Struct)
        self.assertEqual(jax.tree_util.keystr(jax.tree_util.tree_flatten_with_path(p)[0][0][0]), ".layers[0].w")
        self.assertEqual(self.library.times(jax.numpy.ones((4, 2)), 2)[3, 1], 2)
        with self.assertRaisesRegex(lgc.ArgumentError, r"`p.layers\[0\].w` is read-only"):
            self.library.step(**{**self.library.step.zeros(), "p": on_device})


if __name__ == "__main__":
    unittest.main()
