import json
import os
import tempfile
import unittest

from harness.check import KEYS, problem_with, record_of, reference
from harness.inputs import repeat

STAMP = "[10/Oct/2023:13:55:36 +0000]"
LOG = [f'1.2.3.4 - - {STAMP} "GET /a?x=1 HTTP/1.1" 200 12 "-" "curl/7.88.1"',
       f'1.2.3.4 - - {STAMP} "-" 408 - "-" "-"',
       f'10.0.0.1 - - {STAMP} "GET /healthz HTTP/1.1" 200 2 "-" "kube-probe/1.28"',
       f'5.6.7.8 - ops {STAMP} "HEAD /b HTTP/2.0" 304 - "https://t.co/x" "okhttp/4.12.0"']


class Check(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.expected = reference(self.write("in.log", LOG))
        self.records = [dict(zip(KEYS, r)) for r in map(record_of, LOG) if r]

    def write(self, name, lines):
        path = os.path.join(self.folder, name)
        with open(path, "w") as f:
            f.writelines(line + "\n" for line in lines)
        return path

    def problem(self, records, **how):
        return problem_with(self.expected, self.write("out.jsonl", map(json.dumps, records)), **how)

    def test_the_task(self):
        self.assertEqual(len(self.records), 2)
        self.assertEqual(self.records[1]["bytes"], 0)
        self.assertEqual(self.records[1]["class"], "3xx")

    def test_right_in_any_order_of_records_and_keys(self):
        self.assertIsNone(self.problem(self.records, ordered=True))
        backwards = [dict(reversed(r.items())) for r in reversed(self.records)]
        self.assertIsNone(self.problem(backwards))
        self.assertEqual(self.problem(backwards, ordered=True), "the input's order is not kept")

    def test_lost_and_doubled(self):
        self.assertIn("1 missing, 0 too many", self.problem(self.records[:1]))
        self.assertIn("0 missing, 1 too many", self.problem(self.records + self.records[:1]))
        self.assertIn("2 missing", self.problem([]))

    def test_garbled(self):
        first, second = self.records
        for wrong in ({**first, "status": "200"}, {**first, "status": 200.0}, {**first, "more": 1}, {**first, "path": "/A"}, [1], 7):
            self.assertIn("1 missing, 1 too many", self.problem([wrong, second]), wrong)

    def test_not_json_or_not_there(self):
        self.assertIsNotNone(problem_with(self.expected, self.write("out.jsonl", ["{"])))
        self.assertIsNotNone(problem_with(self.expected, os.path.join(self.folder, "none")))


class Repeat(unittest.TestCase):
    def test_cut_at_the_end_of_a_line(self):
        with tempfile.TemporaryDirectory() as folder:
            source, target = os.path.join(folder, "a"), os.path.join(folder, "b")
            with open(source, "w") as f:
                f.write("one\ntwo\nthree\n")
            repeat(source, target, 14 + 6)
            with open(target) as f:
                self.assertEqual(f.read(), "one\ntwo\nthree\none\n")
