"""gpu_report.py: what the bundle's gpu-check has found, as one text and one JSON.

    python3 gpu_report.py FOLDER

FOLDER holds what report.py of cuda/check reads, and of the steps that run Java: verify-FIXTURE-DTYPE.json, batches-DTYPE.json, soak.json,
the rows of table.jsonl and first-image.jsonl, and those of table-peers.jsonl, PyTorch's; any of them may be missing. Exit status:
0, or 1 where a step has failed.
"""

import json

import report

# What a row is, and what it is to reach on an H200: [(measure, wanted)]. "ms": milliseconds of an image, at most; "share": a part, at
# most; "eager", "best": how often its time fits into that of PyTorch as written, and in its fastest way.
ROWS = {
    "full_step": ("full step, one image", [("ms", 2.5)]),
    "shortcut_step": ("shortcut step, one image", [("ms", 0.25)]),
    "generation": ("32 steps, 12 full, one image, decoded", [("ms", 38), ("eager", 3), ("best", 1.2)]),
    "generation_batch": ("the same in a batch, an image, not decoded", [("ms", 22)]),
    "decode": ("decoding, one image", []),
    "host_step": ("the host's time for a step, once captured", [("ms", 0.01)]),
    "gpu_idle": ("most that the GPU waits for the host in steps", [("share", 0.02)]),
    "first_image": ("first image after the process starts", [("ms", 1500)]),
}
AT_MOST = ("ms", "share")
WORDS = {"ms": "{:g} ms", "share": "{:.1%}", "eager": "{:g}x PyTorch eager", "best": "{:g}x PyTorch's best"}


# ---- reading --------------------------------------------------------------------------------------------------------


def read_json(path):
    """The object in a file; None where a time limit has cut it."""
    try:
        return json.loads(path.read_text())
    except json.JSONDecodeError:
        return None


def read_all(folder, pattern):
    found = {path.stem: read_json(path) for path in sorted(folder.glob(pattern), key=lambda path: path.stem)}
    return {name: value for name, value in found.items() if value is not None}


def read(folder):
    ours = report.read_lines(path for path in (folder / "table.jsonl", folder / "first-image.jsonl") if path.exists())
    peers = report.read_lines(folder.glob("table-peers.jsonl"))
    return {
        "fixtures": read_all(folder, "verify-*.json"),
        "batches": read_all(folder, "batches-*.json"),
        "soak": read_all(folder, "soak.json").get("soak"),
        "rows": ours,
        "peers": [row for row in peers if "row" in row],
        "libraries": [row for row in peers if "row" not in row],
    }


# ---- what follows from it -------------------------------------------------------------------------------------------


def per_image(row):
    return row["median_ms"] / row.get("images", 1)


def judge(name, found, rehearsal):
    """A row of the table: what was measured, its peers, and the goals with what was reached; a rehearsal has none."""
    words, goals = ROWS[name]
    wanted = [] if rehearsal else goals
    row = next((row for row in found["rows"] if row["row"] == name), None)
    result = {"row": name, "words": words, "measured": row, "peers": []}
    reached = {}
    if row is not None:
        result["peers"] = [peer for peer in found["peers"] if (peer["row"], peer["dtype"]) == (name, row["dtype"])]
        if "share" in row:
            reached["share"] = row["share"]
        else:
            reached["ms"] = result["ms_per_image"] = per_image(row)
            timed = {peer["way"]: per_image(peer) / per_image(row) for peer in result["peers"] if "median_ms" in peer}
            if timed:
                reached["best"] = min(timed.values())
            if "eager" in timed:
                reached["eager"] = timed["eager"]
    result["goals"] = [{"measure": measure, "wanted": goal, "reached": reached.get(measure)} for measure, goal in wanted]
    return result


def summarize(found, rehearsal=False):
    table = [judge(name, found, rehearsal) for name in ROWS]
    return {"fixtures": found["fixtures"], "batches": found["batches"], "soak": found["soak"], "table": table, "table_libraries": found["libraries"]}


# ---- text -----------------------------------------------------------------------------------------------------------


def share_of_tolerance(tensor):
    return tensor["max_relative" if tensor["relative"] else "max_absolute"] / tensor["tolerance"]


def fixture_line(name, verified):
    tensors = verified["tensors"] + [{**tensor, "name": f"{run['name']}.{tensor['name']}"} for run in verified["runs"] for tensor in run["tensors"]]
    worst = max(tensors, key=share_of_tolerance)
    mismatches = sum(run["token_mismatches"] for run in verified["runs"])
    result = "passed" if verified["passed"] else "FAILED"
    return (
        f"{name:<28} {result}  {len(tensors)} tensors, the worst {worst['name']} at {share_of_tolerance(worst):.0%} of its tolerance; "
        f"{mismatches} tokens differ in {len(verified['runs'])} free runs"
    )


def goal_words(goal):
    wanted = WORDS[goal["measure"]].format(goal["wanted"])
    if goal["reached"] is None:
        return f"goal {wanted}: not measured"
    at_most = goal["measure"] in AT_MOST
    right = goal["reached"] <= goal["wanted"] if at_most else goal["reached"] >= goal["wanted"]
    verdict = "reached" if right else "MISSED"
    return f"goal {wanted}: {verdict}" if at_most else f"goal {wanted}: {verdict} ({goal['reached']:.3g})"


def milliseconds(ms):
    return f"{ms:.4g} ms" if ms < 1000 else f"{ms:.0f} ms"


def row_lines(row):
    measured = row["measured"]
    if measured is None:
        value = "-"
    elif "share" in measured:
        value = f"{measured['share']:.1%}"
    else:
        value = milliseconds(row["ms_per_image"])
    dtype = measured["dtype"] if measured and "dtype" in measured else ""
    yield f"{row['words']:<48} {dtype:<5} {value:>12}  {'; '.join(goal_words(goal) for goal in row['goals'])}".rstrip()
    if measured is not None:
        ways = [f"{peer['way']} {milliseconds(per_image(peer))} ({per_image(peer) / row['ms_per_image']:.2f}x)" for peer in row["peers"] if "median_ms" in peer]
        if ways:
            yield f"    PyTorch: {', '.join(ways)}"
    for peer in row["peers"]:
        if "error" in peer:
            yield f"    PyTorch {peer['way']}: {peer['error'][:100]}"


def text(summary):
    if summary["fixtures"]:
        yield ""
        yield "fixtures through Java"
        for name, verified in summary["fixtures"].items():
            yield fixture_line(name.removeprefix("verify-"), verified)
    yield ""
    yield f"{'random weights, guidance on':<48} {'':<5} {'median':>12}  goals for an H200, MaskGIT-512 size"
    for row in summary["table"]:
        yield from row_lines(row)


def main():
    folder = report.folder_argument()
    of_kernels = report.report(report.read(folder))
    of_java = summarize(read(folder), of_kernels.get("kind", "").startswith("a rehearsal"))
    report.write(folder, {**of_kernels, **of_java}, [*report.text(of_kernels), *text(of_java)])


if __name__ == "__main__":
    main()
