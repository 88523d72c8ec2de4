"""The digits example, trained and tested through the package."""

import csv
import gzip
import unittest

import numpy
from support import DIGITS

import lgc

BATCH, EPOCHS = 64, 10


class Digits(unittest.TestCase):
    def test_it_learns(self):
        with gzip.open(DIGITS / "digits.csv.gz", "rt") as file:
            rows = numpy.array([list(map(int, row)) for row in csv.reader(file)])
        generator = numpy.random.default_rng(1)
        generator.shuffle(rows)
        images, labels = rows[:, :64].astype(numpy.float32) / 16, rows[:, 64].astype(numpy.int32)
        held_out = len(rows) // 5
        digits = lgc.compile(DIGITS / "digits.graph", B=BATCH)
        p, v = digits.step.zeros("p"), digits.step.zeros("v")
        for layer in (p.hidden, p.out):
            layer.w[...] = generator.normal(0, (2 / len(layer.w)) ** 0.5, layer.w.shape)
        for epoch in range(EPOCHS):
            order = generator.permutation(numpy.arange(held_out, len(rows)))
            for start in range(0, len(order) - BATCH + 1, BATCH):
                batch = order[start : start + BATCH]
                loss = digits.step(images[batch], labels[batch], 0.2 * (1 - epoch / EPOCHS), 0.9, p, v)
        self.assertLess(loss, 0.05)
        # A library of another batch takes the same parameters.
        tested = lgc.compile(DIGITS / "digits.graph", B=held_out).predict(images[:held_out], p)
        self.assertGreater(numpy.mean(tested == labels[:held_out]), 0.95)


if __name__ == "__main__":
    unittest.main()
