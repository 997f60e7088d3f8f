"""report_test.py: python3 cuda/bench/report_test.py"""

import json
import tempfile
import unittest
from pathlib import Path

import report

COPY = {"kernel": "copy", "shape": [1000], "dtype": "", "median_us": 1.0, "bytes": 2e6, "operations": 0}  # 2 TB/s
PRODUCT = {"kernel": "matrix_product", "shape": [8], "dtype": "bf16", "way": "matmul", "median_us": 1.0, "operations": 1e9}


def row(kernel, shape, dtype, us, **more):
    return {"kernel": kernel, "shape": shape, "dtype": dtype, "median_us": us, "bytes": 0, "operations": 0, **more}


def peer(kernel, shape, dtype, way, **more):
    return {"kernel": kernel, "shape": shape, "dtype": dtype, "way": way, **more}


class ReportTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, name, *rows):
        (self.folder / name).write_text("".join(json.dumps(line) + "\n" for line in rows))

    def summary(self):
        return report.report(report.read(self.folder))

    def only_kernel(self):
        (kernel,) = self.summary()["kernels"]
        return kernel

    def test_goals_are_judged_by_the_best_peer(self):
        shape = [2, 16, 1025, 1025, 48]
        self.write("bench.jsonl", {"device": "a card"}, row("attention_sm90", shape, "bf16", 10.0))
        flash, efficient = (peer("attention", shape, "bf16", way, median_us=us) for way, us in (("flash", 12.0), ("efficient", 20.0)))
        self.write("peers.jsonl", flash, efficient, peer("attention", shape, "bf16", "cuDNN", error="no such way"))
        kernel = self.only_kernel()
        self.assertEqual(kernel["goals"], [{"measure": "best", "wanted": 1.3, "reached": 1.2}])
        words = "\n".join(report.text(self.summary()))
        self.assertIn("flash 12 µs (1.20x), efficient 20 µs (2.00x)", words)
        self.assertIn("PyTorch cuDNN: no such way", words)
        self.assertIn("goal 1.3x PyTorch's best: MISSED (1.2)", words)

    def test_the_floor_is_the_larger_of_two_times(self):
        self.write("bench.jsonl", COPY, row("softmax_rows", [4, 4], "bf16", 4.0, bytes=4e6, operations=1e9))
        self.write("peers.jsonl", PRODUCT)
        self.assertEqual(self.only_kernel()["share_of_floor"], 0.5)  # 2 us of memory, 1 us of arithmetic

    def test_without_ceilings_and_peers_nothing_is_claimed(self):
        self.write("bench.jsonl", row("sample_inverse_cdf", [4096, 8192], "f32", 80.0, bytes=268e6))
        self.assertIsNone(self.only_kernel()["share_of_floor"])
        self.assertIn("goal 90% of the floor: not measured", "\n".join(report.text(self.summary())))

    def test_a_line_cut_by_a_time_limit_is_left_out(self):
        self.write("bench.jsonl", row("softmax_rows", [4, 4], "bf16", 4.0))
        with open(self.folder / "bench.jsonl", "a") as file:
            file.write('{"kernel": "soft')
        self.only_kernel()

    def test_a_failed_step_and_its_cases_are_told(self):
        (self.folder / "steps.tsv").write_text("cases\t3\tFAILED\t1 failed\nsanitizers\t0\tleft out\tno tool\n")
        self.write("cases.json", {"kernels": {"add": {"right": 1, "left_out": 0, "failures": ["n=1: wrong"]}}})
        self.assertFalse(self.summary()["right"])
        self.assertIn("  add: n=1: wrong", list(report.text(self.summary())))

    def test_steps_left_out_fail_nothing(self):
        (self.folder / "steps.tsv").write_text("sanitizers\t0\tleft out\tno tool\n")
        self.assertTrue(self.summary()["right"])


if __name__ == "__main__":
    unittest.main()
