import unittest

from durations import minutes


class DurationTests(unittest.TestCase):
    def test_minutes(self):
        self.assertEqual(minutes("45m"), 45)

    def test_hours(self):
        self.assertEqual(minutes("2h"), 120)

    def test_space_between(self):
        self.assertEqual(minutes("1h 30m"), 90)

    def test_nothing_is_no_duration(self):
        for text in ["", "h", "ten minutes"]:
            with self.assertRaises(ValueError):
                minutes(text)
