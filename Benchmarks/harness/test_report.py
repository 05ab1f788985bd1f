import unittest

from harness.model import Derived, Group, Row, Sample
from harness.report import comparison, group_data, markdown


def row(name, *values, **more):
    made = Row(name, [name], "lines/s", lambda s: s.value, count=1_000_000, **more)
    for n, value in enumerate(values):
        if value is not None:
            made.samples[n] = Sample(wall=1.0, cpu=2.0 + n, rss_mib=10 + n, others=0.01, status=0, first_byte=-1, value=value)
    return made


def data(rows, derived=(), left_out=()):
    return group_data(Group("g", "Title", rows, list(derived)), list(left_out))


def line(text, name):
    return next(r for r in text.splitlines() if r.startswith(f"| {name}"))


class Report(unittest.TestCase):
    def test_the_ratio_is_the_median_of_the_rounds_ratios(self):
        peer, ours = row("peer", 100, 50, 100), row("ours", 95, 45, 80, against="peer", at_least=0.9)
        found = data([peer, ours])["rows"][1]
        self.assertEqual(found["ratio"], {"median": 0.9, "low": 0.8, "high": 0.95})
        self.assertEqual((found["verdict"], found["cpu_us_each"], found["rss_mib"]), ("met", 3.0, 12))
        self.assertIn("| 0.90 (0.80 - 0.95) | peer | >= 0.9 | met |", markdown(data([peer, ours])))

    def test_a_target_without_its_peer_is_not_judged(self):
        gone, ours = row("peer", 1), row("ours", 1, against="peer", at_least=0.9)
        found = data([gone, ours], left_out=[gone])
        self.assertIsNone(found["rows"][0]["verdict"])
        self.assertIn("Left out, program not there (see Benchmarks/setup): peer.", markdown(found))

    def test_a_failed_row_is_never_met(self):
        ours = row("ours", 1, below=64)
        ours.error = "wrong output: 1 missing"
        text = markdown(data([ours]))
        self.assertIn("< 64 lines/s | failed |", text)
        self.assertIn("**ours**: wrong output: 1 missing", text)
        nothing = row("nothing", below=64)
        nothing.error = "exit 1: no"
        self.assertIn("| nothing | failed |", markdown(data([nothing])))

    def test_disturbed_rows_and_ratios_carry_a_tilde(self):
        peer, ours = row("peer", 2), row("ours", 2, against="peer")
        peer.dirty = True
        text = markdown(data([peer, ours]))
        self.assertIn("| peer ~ |", text)
        self.assertIn("1.00~ (", line(text, "ours"))
        self.assertIn("~ other processes", text)

    def test_derived_figures(self):
        a, b = row("a", 10, 20, None, 9), row("b", 1, 2, 3)
        found = data([a, b], [Derived("difference", "KiB", lambda: [a.values(), b.values()], lambda x, y: x - y, below=64)])
        self.assertEqual(found["derived"][0]["figure"], {"median": 13.5, "low": 9, "high": 18})
        self.assertEqual(found["derived"][0]["verdict"], "met")
        empty = data([row("c")], [Derived("difference", "KiB", lambda: [row("c").values()], lambda x: x)])
        self.assertIn("| difference | not measured |", markdown(empty))

    def test_a_ratio_has_a_target_and_is_left_out_with_its_peer(self):
        peer, gone, ours = row("peer", 10, 10), row("gone", 1), row("ours", 35, 45)

        def times(other):
            return Derived(f"ours / {other.name}", "times", lambda: [ours.values(), other.values()], lambda a, b: a / b, at_least=4,
                           of=(ours, other))

        found = data([peer, gone, ours], [times(peer), times(gone)], left_out=[gone])
        self.assertEqual([(d["name"], d["verdict"]) for d in found["derived"]], [("ours / peer", "met")])
        self.assertIn("| ours / peer | 4.00 | 3.50 - 4.50 | times | >= 4 | met |", markdown(found))

    def test_comparison(self):
        def result(time, ours, **more):
            rows = [row("peer", 100), row("ours", ours, against="peer"), *more.get("rows", [])]
            return {"time": time, "commit": "c" + time, "machine": {"processors": more.get("processors", 2)}, "options": {},
                    "groups": {"g": data(rows)}}
        text = comparison(result("1", 80), result("2", 90, rows=[row("new", 1)]))
        self.assertEqual(line(text, "g | ours"), "| g | ours | 80.0 | 90.0 | lines/s | 1.12 | 0.80 | 0.90 |")
        self.assertNotIn("| new |", text)
        self.assertNotIn("differ", text)
        self.assertIn("differ in: machine", comparison(result("1", 80), result("2", 80, processors=4)))
