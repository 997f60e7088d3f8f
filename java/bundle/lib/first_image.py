"""first_image.py: how long a process takes that begins, makes one image and ends.

    python3 first_image.py DTYPE COMMAND...

Runs the command once for a warm disk, then three times, and prints a row of JSON as Timetable does. Exit status: 0, or that of a command
that failed.
"""

import json
import statistics
import subprocess
import sys
import time

SAMPLES = 3


def run(command):
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL)
    if done.returncode != 0:
        sys.exit(done.returncode)
    return (time.perf_counter() - start) * 1000


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: first_image.py DTYPE COMMAND...")
    dtype, *command = sys.argv[1:]
    run(command)
    samples = sorted(run(command) for _ in range(SAMPLES))
    times = {"median_ms": statistics.median(samples), "least_ms": samples[0], "p90_ms": samples[-1]}
    print(json.dumps({"row": "first_image", "dtype": dtype, "images": 1, **times, "samples": SAMPLES}))
    print(f"one image by a process that begins: {times['median_ms']:.0f} ms", file=sys.stderr)


if __name__ == "__main__":
    main()
