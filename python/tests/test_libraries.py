"""Libraries as files: loaded, saved, closed, damaged; and called from many threads."""

import gc
import os
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy
from support import KINDS, REPOSITORY, floats, quick

import lgc

# Work for threads: a product of matrices that is cut into tasks.
LAYER = REPOSITORY / "examples" / "hosts" / "layer.graph"


class Libraries(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.place = Path(place.name)

    def test_a_library_is_saved_and_loaded_under_any_name(self):
        compiled = quick(KINDS, name="kinds")
        compiled.save(self.place / "other-name.so")
        self.assertIn("kinds_step_v3", (self.place / "other-name.h").read_text())
        compiled.close()
        loaded = lgc.load(self.place / "other-name.so")
        self.assertEqual((loaded.name, list(loaded.entries)), ("kinds", list(compiled.entries)))
        self.assertEqual(loaded.times(floats(4, 2), 2)[3, 1], 14)
        self.assertEqual(sorted(os.listdir(self.place)), ["other-name.h", "other-name.so"])

    def test_a_closed_library_raises(self):
        with quick(KINDS) as library:
            times = library.times
            x = times(floats(4, 2), 2)
        for call in (times, library.times):
            with self.assertRaisesRegex(lgc.ClosedError, "the library `model` is closed"):
                call(floats(4, 2), 2)
        library.close()
        self.assertEqual(x[3, 1], 14)

    def test_an_entry_outlives_its_module(self):
        times = quick(KINDS).times
        gc.collect()
        self.assertEqual(times(floats(4, 2), 2)[3, 1], 14)

    def test_files_that_are_no_libraries_are_refused(self):
        good = self.place / "good.so"
        quick(KINDS).save(good)
        image = good.read_bytes()
        other = next(Path(sys.prefix).rglob("_multiarray_umath*.so"), None) or sys.modules["_ctypes"].__file__
        (self.place / "empty.so").write_bytes(b"")
        (self.place / "text.so").write_text("not a library")
        (self.place / "header.so").write_bytes(image[:64])
        (self.place / "half.so").write_bytes(image[: len(image) // 2])
        (self.place / "short.so").write_bytes(image[: len(image) * 3 // 4])
        reasons = {"empty": "no shared library", "text": "no shared library", "header": "damaged", "half": "damaged",
                   "short": "damaged", "none": "no such file"}  # fmt: skip
        for name, reason in reasons.items():
            with self.assertRaisesRegex(lgc.LibraryError, reason):
                lgc.load(self.place / f"{name}.so")
        with self.assertRaisesRegex(lgc.LibraryError, "no regular file"):
            lgc.load(self.place)
        with self.assertRaisesRegex(lgc.LibraryError, "not one that lgc compiled"):
            lgc.load(other)
        lgc.load(good)

    def test_another_version_of_the_interface_is_refused(self):
        path = self.place / "kinds.so"
        quick(KINDS).save(path)
        image = path.read_bytes()
        # The beginning of `lgc_info`: its size, and the version.
        begin = struct.pack("<QI", 104, 3)
        self.assertEqual(image.count(begin), 1)
        path.write_bytes(image.replace(begin, struct.pack("<QI", 104, 4)))
        with self.assertRaisesRegex(lgc.LibraryError, "has version 4 of the interface, and this is version 3"):
            lgc.load(path)

    def test_numbers_of_threads(self):
        with self.assertRaisesRegex(ValueError, "from 0 to 256"):
            quick(KINDS, threads=257)
        with self.assertRaises(TypeError):
            quick(KINDS, threads="2")


class Threads(unittest.TestCase):
    def trained(self, library, steps=3):
        """What a few steps leave."""
        generator = numpy.random.default_rng(1)
        values = library.step.zeros()
        leaves = [leaf for _, leaf in lgc.named_leaves(values)]
        for leaf in leaves:
            leaf[...] = generator.standard_normal(leaf.shape) / 16
        losses = [library.step(**values) for _ in range(steps)]
        return [numpy.array(losses).tobytes(), *(leaf.tobytes() for leaf in leaves)]

    def test_any_number_of_threads_gives_the_same_bits(self):
        alone = self.trained(quick(LAYER, threads=1))
        for threads in (0, 2, 3):
            self.assertEqual(self.trained(quick(LAYER, threads=threads)), alone)

    def test_many_threads_call_at_once(self):
        library = quick(LAYER, threads=2)
        alone = self.trained(library)
        with ThreadPoolExecutor(8) as executor:
            results = list(executor.map(lambda _: self.trained(library), range(24)))
        self.assertTrue(all(result == alone for result in results))

    def test_closing_waits_for_calls(self):
        library, done = quick(LAYER, threads=2), threading.Semaphore(0)

        def work():
            try:
                while True:
                    self.trained(library, 1)
                    done.release()
            except lgc.ClosedError:
                pass

        workers = [threading.Thread(target=work) for _ in range(4)]
        for worker in workers:
            worker.start()
        for _ in range(8):
            self.assertTrue(done.acquire(timeout=60))
        library.close()
        for worker in workers:
            worker.join()
        with self.assertRaises(lgc.ClosedError):
            self.trained(library)

    def test_a_child_process_has_a_workspace_of_its_own(self):
        library = quick(LAYER, threads=2)
        alone = self.trained(library)
        child = os.fork()
        if child == 0:
            os._exit(0 if all(self.trained(library) == alone for _ in range(5)) else 1)
        self.assertTrue(all(self.trained(library) == alone for _ in range(5)))
        self.assertEqual(os.waitpid(child, 0)[1], 0)


class Alone(unittest.TestCase):
    """The file that loads libraries, without the package and without NumPy."""

    SCRIPT = """
import sys
sys.modules["numpy"] = None
from _library import load, ArgumentError, Struct
library = load(sys.argv[1])
p = library.step.zeros("p")
values = {**library.step.zeros(), "p": p, "rate": 0.5}
values["x"][1] = 3
first = library.step(**values)
assert first.l[()] == 3, first
assert p.layers[1].w.tolist() == [[0.5] * 3] * 2, p
assert first.next.scale[()] == 0.5
assert library.dtypes(**library.dtypes.zeros()).nh.tolist() == [0x3C00] * 2
try:
    library.step(**{**values, "x": p.layers[0].w})
except ArgumentError as error:
    assert "`x` is f32[2, 3]; f32[3] is wanted" in str(error), error
else:
    sys.exit("it is not refused")
assert "lgc" not in sys.modules
print("done")
"""

    def test_one_file_is_enough(self):
        with tempfile.TemporaryDirectory() as name:
            place = Path(name)
            (place / "_library.py").write_text(Path(lgc.__file__).with_name("_library.py").read_text())
            quick(KINDS).save(place / "kinds.so")
            command = [sys.executable, "-B", "-S", "-c", self.SCRIPT, str(place / "kinds.so")]
            environment = {"PATH": os.environ["PATH"]}
            done = subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)
        self.assertEqual((done.stdout, done.stderr), ("done\n", ""))


if __name__ == "__main__":
    unittest.main()
