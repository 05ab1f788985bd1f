import unittest

from harness.figures import Spread, met, others_share, paired, ratios, short, spread


class Figures(unittest.TestCase):
    def test_spread(self):
        self.assertEqual(spread([3, 1, 2]), Spread(2, 1, 3))
        self.assertEqual(spread([4, 1]), Spread(2.5, 1, 4))
        self.assertIsNone(spread([]))

    def test_paired_takes_only_rounds_that_all_have(self):
        self.assertEqual(paired(lambda a, b: a - b, {0: 5, 1: 7, 3: 1}, {1: 2, 3: 1, 4: 9}), {1: 5, 3: 0})
        self.assertEqual(paired(lambda: 1), {})

    def test_ratios_pair_within_a_round(self):
        # The machine was half as fast in round 1: the ratio does not notice, that of the medians would.
        ours, theirs = {0: 90, 1: 45, 2: 88}, {0: 100, 1: 50, 2: 100}
        self.assertEqual(ratios(ours, theirs), {0: 0.9, 1: 0.9, 2: 0.88})

    def test_ratios_leave_out_a_peer_that_measured_nothing(self):
        self.assertEqual(ratios({0: 1, 1: 1}, {0: 0, 1: 2}), {1: 0.5})

    def test_others_share(self):
        self.assertAlmostEqual(others_share(busy=3.02, own_cpu=2, wall=2, processors=2), 0.25)
        self.assertEqual(others_share(busy=0.03, own_cpu=0.02, wall=0.02, processors=2), 0, "two ticks are forgiven")
        self.assertEqual(others_share(busy=1, own_cpu=2, wall=1, processors=2), 0)
        self.assertEqual(others_share(busy=1, own_cpu=0, wall=0, processors=2), 0)

    def test_met(self):
        self.assertTrue(met(0.9, at_least=0.9))
        self.assertFalse(met(0.899, at_least=0.9))
        self.assertTrue(met(63.9, below=64))
        self.assertFalse(met(64, below=64))
        self.assertIsNone(met(1))
        self.assertIsNone(met(None, below=64))

    def test_short(self):
        for value, text in [(2_345_678, "2.35 M"), (45_678, "46 k"), (1234, "1234"), (12.34, "12.3"), (3.456, "3.46"), (0, "0.00"),
                            (0.0123, "0.012"), (-0.02, "-0.020"), (None, "")]:
            self.assertEqual(short(value), text)
