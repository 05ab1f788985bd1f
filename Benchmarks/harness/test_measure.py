import io
import os
import sys
import tempfile
import unittest

from harness.measure import ATTEMPTS, Runner, measure
from harness.model import Group, Row, Sample

BUILT = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), ".work", "bin", "measure")


def sample(others=0.0, status=0, wall=1.0):
    return Sample(wall=wall, cpu=1.0, rss_mib=1.0, others=others, status=status, first_byte=-1, stderr="first\nlast")


def rows(*names, **more):
    return [Row(n, [n], "s", lambda s: s.wall, **more) for n in names]


class Script:
    """Stands in for the runner: gives what each row's list holds, then the last of it again, and notes who ran."""

    def __init__(self, **samples):
        self.samples, self.ran = samples, []

    def __call__(self, row):
        self.ran.append(row.name)
        left = self.samples.get(row.name, [sample()])
        return left.pop(0) if len(left) > 1 else left[0]


def measured(group_rows, run, rounds=1, **more):
    return measure(Group("g", "G", group_rows), rounds, run, progress=io.StringIO(), **more)


class Rounds(unittest.TestCase):
    def test_interleaved_and_every_other_round_backwards(self):
        run = Script()
        measured(rows("a", "b", "c"), run, rounds=3)
        self.assertEqual("".join(run.ran), "abccbaabc")

    def test_a_disturbed_run_is_measured_again(self):
        [row], run = rows("a"), Script(a=[sample(0.5), sample(0.01, wall=2.0)])
        measured([row], run)
        self.assertEqual((len(run.ran), row.dirty, row.values()), (2, False, {0: 2.0}))

    def test_a_row_that_stays_disturbed_is_marked_and_keeps_its_calmest_run(self):
        [row], run = rows("a"), Script(a=[sample(0.5), sample(0.2, wall=2.0), sample(0.4)])
        measured([row], run)
        self.assertEqual((len(run.ran), row.dirty, row.values()), (ATTEMPTS, True, {0: 2.0}))

    def test_a_failed_row_is_not_run_again_and_the_others_are(self):
        both, run = rows("a", "b"), Script(a=[sample(), sample(status=70)])
        measured(both, run, rounds=4)
        self.assertEqual((run.ran.count("a"), run.ran.count("b")), (2, 4))
        self.assertEqual(both[0].error, "exit 70: last")

    def test_a_figure_that_cannot_be_read_fails_the_row(self):
        row = Row("a", ["a"], "s", lambda s: float("x"))
        measured([row], Script())
        self.assertIn("ValueError", row.error)

    def test_output_is_verified_once(self):
        looked = []
        [row] = rows("a", verify=lambda: looked.append(1))
        measured([row], Script(), rounds=3)
        self.assertEqual((len(looked), row.verified, row.error), (1, True, None))
        [row] = rows("a", verify=lambda: "one record missing")
        measured([row], Script(), rounds=3)
        self.assertEqual((row.verified, row.error), (False, "wrong output: one record missing"))

    def test_rows_without_their_program_are_left_out(self):
        there, gone = rows("a", needs="sh") + rows("b", needs="/no/such/program")
        run = Script()
        self.assertEqual(measured([there, gone], run), [gone])
        self.assertEqual(run.ran, ["a"])


@unittest.skipUnless(os.path.exists(BUILT), "Benchmarks/setup has not been run")
class Program(unittest.TestCase):
    def run_once(self, *command, **more):
        with tempfile.TemporaryDirectory() as folder:
            return Runner(BUILT, folder, folder)(Row("row", list(command), "s", lambda s: s.wall, **more))

    def test_status_output_environment(self):
        done = self.run_once("sh", "-c", 'echo "$X"; echo no >&2; exit 3', env={"X": "yes"})
        self.assertEqual((done.status, done.stdout, done.stderr, done.first_byte), (3, "yes\n", "no\n", -1))
        self.assertEqual(self.run_once("sh", "-c", "kill -9 $$").status, 128 + 9)
        self.assertEqual(self.run_once("/no/such/program").status, 127)

    def test_memory_is_the_command_s_own(self):
        self.assertLess(self.run_once("true").rss_mib, 5)
        self.assertGreater(self.run_once(sys.executable, "-c", "bytearray(64 << 20)").rss_mib, 64)

    def test_first_byte(self):
        done = self.run_once("sh", "-c", "sleep 0.02; echo; sleep 0.1", first_byte=True)
        self.assertTrue(0.02 <= done.first_byte < done.wall, done)
        self.assertEqual(self.run_once("true", first_byte=True).first_byte, -1)
