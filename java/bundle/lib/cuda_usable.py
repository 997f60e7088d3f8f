"""cuda_usable.py: whether Maskleap finds what CUDA needs.

    python3 cuda_usable.py COMMAND...

COMMAND is `maskleap devices --json`. Prints one line: the libraries' versions, or why CUDA cannot be used. Exit status: 0, or 1
where it cannot.
"""

import json
import subprocess
import sys


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: cuda_usable.py COMMAND...")
    cuda = json.loads(subprocess.run(sys.argv[1:], check=True, capture_output=True, text=True).stdout)["cuda"]
    if not cuda["usable"]:
        sys.exit(cuda["reason"])
    print(", ".join(f"{library['name']} {library['version']}" for library in cuda["libraries"] if library["version"] is not None))


if __name__ == "__main__":
    main()
