"""gpu_report_test.py: python3 cuda/bench/gpu_report_test.py"""

import json
import tempfile
import unittest
from pathlib import Path

import gpu_report


class GpuReportTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def write(self, name, *rows):
        (self.folder / name).write_text("".join(json.dumps(line) + "\n" for line in rows))

    def summary(self):
        return gpu_report.summarize(gpu_report.read(self.folder))

    def words(self):
        return "\n".join(gpu_report.text(self.summary()))

    def goals(self, name):
        (row,) = [row for row in self.summary()["table"] if row["row"] == name]
        return [goal["reached"] for goal in row["goals"]]

    def test_a_generation_is_judged_by_time_eager_and_best(self):
        self.write("table.jsonl", {"row": "generation", "dtype": "bf16", "images": 1, "median_ms": 40.0})
        ways = {"eager": 160.0, "graph": 100.0, "compiled": 44.0}
        peers = [{"row": "generation", "dtype": "bf16", "way": way, "images": 1, "median_ms": ms} for way, ms in ways.items()]
        failed = {"row": "generation", "dtype": "bf16", "way": "whole", "images": 1, "error": "no"}
        other = {"row": "generation", "dtype": "f32", "way": "eager", "images": 1, "median_ms": 1.0}
        self.write("table-peers.jsonl", {"torch": "2.9"}, *peers, failed, other)
        self.assertEqual(self.goals("generation"), [40.0, 4.0, 1.1])
        words = self.words()
        self.assertIn("goal 38 ms: MISSED; goal 3x PyTorch eager: reached (4); goal 1.2x PyTorch's best: MISSED (1.1)", words)
        self.assertIn("PyTorch: eager 160 ms (4.00x), graph 100 ms (2.50x), compiled 44 ms (1.10x)", words)
        self.assertIn("PyTorch whole: no", words)

    def test_a_batch_is_judged_by_the_image(self):
        self.write("table.jsonl", {"row": "generation_batch", "dtype": "bf16", "images": 64, "median_ms": 64 * 20.0})
        self.assertEqual(self.goals("generation_batch"), [20.0])
        self.assertIn("goal 22 ms: reached", self.words())

    def test_a_share_is_judged(self):
        self.write("table.jsonl", {"row": "gpu_idle", "share": 0.05})
        self.assertEqual(self.goals("gpu_idle"), [0.05])
        self.assertIn("5.0%  goal 2.0%: MISSED", self.words())

    def test_what_was_not_measured_is_said(self):
        self.assertEqual(self.goals("first_image"), [None])
        self.assertIn("goal 1500 ms: not measured", self.words())

    def test_a_rehearsal_has_no_goals(self):
        self.write("table.jsonl", {"row": "full_step", "dtype": "f32", "images": 1, "median_ms": 40.0})
        summary = gpu_report.summarize(gpu_report.read(self.folder), rehearsal=True)
        self.assertEqual([row["goals"] for row in summary["table"] if row["goals"]], [])
        self.assertEqual(summary["table"][0]["ms_per_image"], 40.0)

    def test_the_first_image_is_of_its_own_file(self):
        self.write("first-image.jsonl", {"row": "first_image", "dtype": "bf16", "images": 1, "median_ms": 900.0})
        self.assertEqual(self.goals("first_image"), [900.0])

    def test_the_worst_tensor_of_a_fixture_is_named(self):
        def tensor(name, absolute, relative, bound):
            return {"name": name, "max_absolute": absolute, "max_relative": relative, "tolerance": bound, "relative": relative > absolute}

        run = {"name": "n8", "token_mismatches": 3, "tensors": [tensor("feature", 0.1, 0.2, 0.25)]}
        self.write("verify-tiny-f32.json", {"passed": False, "tensors": [tensor("logits", 0.1, 0.0, 0.2)], "runs": [run]})
        self.write("verify-tiny-bf16.json")
        self.assertIn("tiny-f32                     FAILED  2 tensors, the worst n8.feature at 80% of its tolerance; 3 tokens differ in 1 free runs", self.words())


if __name__ == "__main__":
    unittest.main()
