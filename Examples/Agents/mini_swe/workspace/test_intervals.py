import unittest

from intervals import merged


class IntervalTests(unittest.TestCase):
    def test_apart(self):
        self.assertEqual(merged([(4, 6), (1, 2)]), [(1, 2), (4, 6)])

    def test_overlapping(self):
        self.assertEqual(merged([(1, 4), (3, 6)]), [(1, 6)])

    def test_touching(self):
        self.assertEqual(merged([(1, 3), (3, 5)]), [(1, 5)])

    def test_inside(self):
        self.assertEqual(merged([(1, 9), (2, 3)]), [(1, 9)])
