import unittest

from columns import table


class ColumnTests(unittest.TestCase):
    def test_one_row(self):
        self.assertEqual(table([["a", "b"]]), "a  b")

    def test_left(self):
        self.assertEqual(table([["a", "b"], ["long", "c"]]), "a     b\nlong  c")

    def test_no_space_at_the_end(self):
        self.assertEqual(table([["a", "b"], ["c", "long"]]), "a  b\nc  long")
