"""report.py: what cuda/check has found, as one text and one JSON.

    python3 report.py FOLDER

FOLDER holds what the steps have left: facts.tsv (name, value), steps.tsv (name, seconds, "ok" or "FAILED" or "left out", words),
cases*.json, bench*.jsonl and peers.jsonl, registers.txt; any of them may be missing. Writes report.txt and report.json there and
prints the text. Exit status: 0, or 1 where a step has failed.
"""

import json
import sys
from pathlib import Path

# What a kernel is to reach: (kernel, shape, dtype): [(measure, at least)]. Measures: "best" and "eager", how often its time fits
# into that of PyTorch's best way and of its plain sequence of operations; "floor", the share of its time that its bytes and
# operations would take at the measured ceilings.
ATTENTION_48 = ((2, 16, 1025, 1025, 48), "bf16")
ATTENTION_128 = ((1, 32, 4300, 4300, 128), "bf16")
GOALS = {
    ("attention", *ATTENTION_48): [("best", 1.3)],
    ("attention", *ATTENTION_128): [("best", 0.8)],
    ("attention_sm90", *ATTENTION_48): [("best", 1.3)],
    ("attention_sm90", *ATTENTION_128): [("best", 0.8)],
    ("cross_attention", (2, 16, 1025, 32, 24), "bf16"): [("best", 2)],
    ("sample_inverse_cdf", (4096, 8192), "f32"): [("floor", 0.9)],
    ("sample_gumbel_max", (4096, 8192), "f32"): [("floor", 0.4)],
    ("sample_and_select", (1024, 1024), "f32"): [("eager", 5)],
    ("add_layer_norm", (2050, 768), "f32"): [("eager", 1.5)],
    ("add_layer_norm", (65536, 768), "f32"): [("eager", 1.5), ("floor", 0.85)],
    ("group_norm_swish", (512 * 512, 128), "bf16"): [("floor", 0.85)],
    ("group_norm_swish", (256 * 256, 256), "bf16"): [("floor", 0.85)],
}
WORDS = {"best": "{:g}x PyTorch's best", "eager": "{:g}x PyTorch eager", "floor": "{:.0%} of the floor"}

# The kernel that PyTorch's attention is compared with may be either of ours.
PEER_OF = {"attention_sm90": "attention"}


# ---- reading --------------------------------------------------------------------------------------------------------


def read_table(path):
    return [line.split("\t") for line in path.read_text().splitlines()] if path.exists() else []


def read_lines(paths):
    """The objects of JSON-lines files; a last line that a time limit has cut is left out."""
    objects = []
    for path in paths:
        for line in path.read_text().splitlines():
            try:
                objects.append(json.loads(line))
            except json.JSONDecodeError:
                pass
    return objects


def key_of(row):
    return row["kernel"], tuple(row["shape"]), row["dtype"]


def read(folder):
    measured = read_lines(sorted(folder.glob("bench*.jsonl"), key=lambda path: path.stem))
    peers = read_lines(folder.glob("peers.jsonl"))
    return {
        "facts": {row[0]: row[1] for row in read_table(folder / "facts.tsv")},
        "steps": [
            {"name": name, "seconds": int(seconds), "result": result, "words": words}
            for name, seconds, result, words in read_table(folder / "steps.tsv")
        ],
        "cases": {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("cases*.json"), key=lambda path: path.stem)},
        "bench": [row for row in measured if "kernel" in row],
        "peers": [row for row in peers if "kernel" in row],
        "libraries": [row for row in measured + peers if "kernel" not in row],
        "registers": (folder / "registers.txt").read_text().splitlines() if (folder / "registers.txt").exists() else [],
    }


# ---- what follows from it -------------------------------------------------------------------------------------------


def ceilings(found):
    """Bytes per second of a copy, operations per second of a matrix product; absent where it was not measured."""
    result = {}
    for row in found["bench"]:
        if row["kernel"] == "copy":
            result["bytes_per_s"] = row["bytes"] / row["median_us"] * 1e6
    for row in found["peers"]:
        if row["kernel"] == "matrix_product" and "median_us" in row:
            result["operations_per_s"] = row["operations"] / row["median_us"] * 1e6
    return result


def floor_us(row, ceiling):
    """The least time for the bytes and operations of a kernel, or None where its ceiling is not known."""
    times = []
    if row["operations"] > 0:
        if "operations_per_s" not in ceiling:
            return None
        times.append(row["operations"] / ceiling["operations_per_s"] * 1e6)
    if "bytes_per_s" not in ceiling:
        return None
    times.append(row["bytes"] / ceiling["bytes_per_s"] * 1e6)
    return max(times)


def judge(row, found, ceiling):
    """The row with its rates, its share of the floor, its peers, and the goals with what was reached."""
    kernel, shape, dtype = key_of(row)
    peer_key = (PEER_OF.get(kernel, kernel), shape, dtype)
    peers = [peer for peer in found["peers"] if key_of(peer) == peer_key]
    reached = {peer["way"]: peer["median_us"] / row["median_us"] for peer in peers if "median_us" in peer}
    if reached:
        reached["best"] = min(reached.values())
    floor = floor_us(row, ceiling)
    if floor is not None:
        reached["floor"] = floor / row["median_us"]
    goals = [
        {"measure": measure, "wanted": wanted, "reached": reached.get(measure)}
        for measure, wanted in GOALS.get((kernel, shape, dtype), [])
    ]
    return {
        **row,
        "bytes_per_s": row["bytes"] / row["median_us"] * 1e6,
        "operations_per_s": row["operations"] / row["median_us"] * 1e6,
        "share_of_floor": reached.get("floor"),
        "peers": peers,
        "goals": goals,
    }


def report(found):
    ceiling = ceilings(found)
    return {
        **found["facts"],
        "right": all(step["result"] != "FAILED" for step in found["steps"]),
        "steps": found["steps"],
        "libraries": found["libraries"],
        "ceilings": ceiling,
        "kernels": [judge(row, found, ceiling) for row in found["bench"] if row["kernel"] != "copy"],
        "cases": found["cases"],
        "registers": found["registers"],
    }


# ---- text -----------------------------------------------------------------------------------------------------------


def times(us, row):
    return f"{us:.4g} µs ({us / row['median_us']:.2f}x)"


def rate(row):
    if row["operations"] > 0:
        return f"{row['operations_per_s'] / 1e12:.4g} TFLOP/s"
    return f"{row['bytes_per_s'] / 1e12:.3g} TB/s"


def ceiling_words(ceiling):
    words = []
    if "bytes_per_s" in ceiling:
        words.append(f"copy {ceiling['bytes_per_s'] / 1e12:.3g} TB/s read and written")
    if "operations_per_s" in ceiling:
        words.append(f"matrix product {ceiling['operations_per_s'] / 1e12:.4g} TFLOP/s")
    return ", ".join(words) or "none measured"


def kernel_lines(row):
    shape = "x".join(map(str, row["shape"]))
    share = f"{row['share_of_floor']:6.1%}" if row["share_of_floor"] is not None else "     -"
    yield f"{row['kernel'] + ' ' + shape + ' ' + row['dtype']:<52} {row['median_us']:>9.2f} µs  {rate(row):>14}  {share}"
    peers = [f"{peer['way']} {times(peer['median_us'], row)}" for peer in row["peers"] if "median_us" in peer]
    if peers:
        yield f"    PyTorch: {', '.join(peers)}"
    for peer in row["peers"]:
        if "error" in peer:
            yield f"    PyTorch {peer['way']}: {peer['error'][:100]}"
    for goal in row["goals"]:
        words = WORDS[goal["measure"]].format(goal["wanted"])
        if goal["reached"] is None:
            yield f"    goal {words}: not measured"
        else:
            verdict = "reached" if goal["reached"] >= goal["wanted"] else "MISSED"
            yield f"    goal {words}: {verdict} ({goal['reached']:.3g})"


def text(summary):
    yield f"Maskleap CUDA check: {summary.get('kind', '')}, {summary.get('date', '')}, commit {summary.get('commit', 'unknown')}"
    for name in ("card", "nvcc", "compiler"):
        if name in summary:
            yield f"{name:<9}{summary[name]}"
    for library in summary["libraries"]:
        if "torch" in library:
            yield f"PyTorch  {library['torch']} (cuDNN {library['cudnn']}) on {library['device']}"
    yield ""
    for step in summary["steps"]:
        yield f"{step['name']:<24} {step['seconds']:>4} s  {step['result']:<9} {step['words']}".rstrip()
    for file, cases in summary["cases"].items():
        for kernel, outcome in cases["kernels"].items():
            for failure in outcome["failures"]:
                yield f"  {kernel}: {failure}"
    yield ""
    yield f"ceilings: {ceiling_words(summary['ceilings'])}"
    if summary["kernels"]:
        yield ""
        yield f"{'kernel':<52} {'median':>12}  {'rate':>14}  of floor"
        for row in summary["kernels"]:
            yield from kernel_lines(row)


def write(folder, summary, lines):
    """Writes report.txt and report.json, prints the text, and ends with the exit status."""
    text_file = "\n".join(lines) + "\n"
    (folder / "report.txt").write_text(text_file)
    (folder / "report.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(text_file, end="")
    sys.exit(0 if summary["right"] else 1)


def folder_argument():
    if len(sys.argv) != 2 or not Path(sys.argv[1]).is_dir():
        sys.exit(f"usage: {Path(sys.argv[0]).name} FOLDER")
    return Path(sys.argv[1])


def main():
    folder = folder_argument()
    summary = report(read(folder))
    write(folder, summary, text(summary))


if __name__ == "__main__":
    main()
