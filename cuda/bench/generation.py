"""generation.py: times in PyTorch what Maskleap does: steps and whole generations of a MaskGIT, 32 steps of which 12 are full, guidance on.

    python3 generation.py MODEL > generation.jsonl
    python3 generation.py MODEL --verify FIXTURE

MODEL is a model folder in either precision, such as io.maskleap.benchmarks.RandomModel makes. Prints a line of JSON for PyTorch and
what its rows are, and one for each row, dtype and way: the milliseconds of a call, or why it could not be timed. What is not done
when --seconds are over is left out. --verify times nothing, and compares the networks and the loop with tensors recorded from the
reference implementation: MODEL must be what the import makes of FIXTURE. Without a GPU this is a rehearsal: the same calls on the
CPU, twice.
"""

import argparse
import contextlib
import gc
import signal
import subprocess
import sys
import time
from typing import NamedTuple, Optional

import torch

from maskgit import Base, Shortcut
from maskgit_loop import Painter, arccos_counts, full_steps, plan
from maskgit_verify import verify
from model_folder import ModelFolder
from torch_attention import best_attention
from torch_timing import captured, print_line, summary, time_once_ms, versions, words
from vqgan import Decoder, to_bytes

STEPS, BUDGET, BATCH = 32, 12, 64
GUIDANCE, NOISE = 2.8, 7.0
LABEL = 3
DTYPES = {"bf16": torch.bfloat16, "f32": torch.float32}
# Largest errors, as a part of the largest feature or pixel, against float32 as written.
FEATURE_TOLERANCES = {"bf16": 0.05, "f32": 1e-4}
IMAGE_TOLERANCES = {"bf16": 0.15, "f32": 1e-3}

ROWS = {
    "full_step": "one image: base network of its two sequences, head, guidance, a draw for every token, the choice of those to fix",
    "shortcut_step": "one image: shortcut of its two sequences, and what a full step does behind its network",
    "decode": "one image: codes to bytes, and those to the host",
    "decode_planar": "the same, its activations in planes, not channels-last",
    "generation": f"one image: {STEPS} steps, {BUDGET} of them full, decoded, its bytes on the host",
    "generation_batch": f"{BATCH} images at once: the same steps, not decoded, their codes on the host",
    "first_image": "one image by a process that begins: from its start to the image's bytes on the host",
}
STEP_ROWS = ("full_step", "shortcut_step")
LAYOUTS = {"decode": torch.channels_last, "decode_planar": torch.contiguous_format}


class Way(NamedTuple):
    words: str
    mode: Optional[str] = None  # torch.compile's
    whole: bool = False  # a step is compiled as one function
    graph: bool = True  # the call is one CUDA graph


TUNED = "max-autotune-no-cudagraphs"  # as max-autotune, without graphs: the call is captured whole
WAYS = {
    "eager": Way("as written", graph=False),
    "graph": Way("as written, the call captured into a CUDA graph"),
    "compiled": Way("torch.compile between attentions, the call captured into a CUDA graph", "default"),
    "tuned": Way("torch.compile with max-autotune between attentions, the call captured into a CUDA graph", TUNED),
    "whole": Way("torch.compile with max-autotune of a whole step, captured into a CUDA graph", TUNED, whole=True),
}

# What needs no compiler comes first. Decoders are not tuned: it takes minutes. A generation takes the fastest decoder that was
# timed before it.
ALL = ("full_step", "shortcut_step", "decode", "decode_planar", "generation")
ORDER = [
    ("bf16", "eager", (*ALL, "generation_batch", "first_image")),
    ("bf16", "graph", (*ALL, "generation_batch")),
    ("f32", "eager", ALL),
    ("f32", "graph", ALL),
    ("bf16", "compiled", ("full_step", "shortcut_step", "decode", "generation", "generation_batch")),
    ("bf16", "tuned", ("full_step", "shortcut_step", "generation", "generation_batch")),
    ("bf16", "whole", STEP_ROWS),
    ("f32", "compiled", ("full_step", "shortcut_step", "decode", "generation")),
    ("f32", "tuned", ("full_step", "shortcut_step", "generation")),
    ("f32", "eager", ("generation_batch",)),
]


# ---- what is timed --------------------------------------------------------------------------------------------------


class Networks:
    """The networks in one dtype, and their functions in one way."""

    def __init__(self, folder, device, dtype, way):
        def compile_function(function):
            return torch.compile(function, mode=way.mode, dynamic=False)

        def as_it_is(function):
            return function

        wrap = compile_function if way.mode and not way.whole else as_it_is
        base = Base(folder, device, dtype, wrap)
        shortcut = Shortcut(folder, base, device, dtype, wrap)
        steps = plan(arccos_counts(STEPS, base.tokens), full_steps(STEPS, BUDGET))
        self.painter = Painter(base, shortcut, steps, GUIDANCE, NOISE, wrap=wrap)
        self.step = compile_function(self.painter.step) if way.whole else self.painter.step
        self.make_decoder = lambda layout: Decoder(folder, device, dtype, wrap, layout)
        self.decoders = {}

    def decoder(self, row):
        """That of decode_planar, or for other rows that of decode."""
        layout = LAYOUTS.get(row, LAYOUTS["decode"])
        if layout not in self.decoders:
            self.decoders[layout] = self.make_decoder(layout)
        return self.decoders[layout]


class Case:
    """What rows begin with, and what their networks compute of it in float32 as written."""

    def __init__(self, folder, device):
        painter = Networks(folder, device, torch.float32, WAYS["eager"]).painter
        self.one, self.many = [torch.full((images,), LABEL, device=device) for images in (1, BATCH)]
        middle = range(STEPS // 2, STEPS)
        self.index = {"full_step": next(i for i in middle if painter.steps[i].full)}
        self.index["shortcut_step"] = next(i for i in middle if not painter.steps[i].full)
        self.state, state = {}, painter.begin(self.one)
        for i in range(STEPS):
            for row in STEP_ROWS:
                if i == self.index[row]:
                    self.state[row] = state
            state = painter.step(state, i)
        self.codes = painter.codes(state)
        self.exact = {row: painter.features(self.state[row], self.index[row]) for row in STEP_ROWS}
        image = Decoder(folder, device, torch.float32).images(self.codes)
        self.exact.update({row: image for row in LAYOUTS})

    def error(self, row, networks):
        """The largest error of a step's features or of an image, as a part of the largest."""
        exact = self.exact[row]
        if row in STEP_ROWS:
            actual = networks.step(self.state[row], self.index[row]).feature
        else:
            actual = networks.decoder(row).images(self.codes).float()
        return ((actual - exact).abs().max() / exact.abs().max()).item()

    def work(self, row, networks, decoder):
        """A call without arguments that gives what is to come to the host, or what stays on the device."""
        if row in STEP_ROWS:
            return lambda: networks.step(self.state[row], self.index[row])
        if row in LAYOUTS:
            return lambda: to_bytes(decoder.images(self.codes))
        if row == "generation":
            return lambda: to_bytes(decoder.images(networks.painter.paint(self.one)))
        return lambda: networks.painter.paint(self.many)


# ---- timing ---------------------------------------------------------------------------------------------------------


def time_row(work, result_to_host, way, on_gpu):
    """Milliseconds of work(), after calls for warmth: about three seconds of samples, 3 to 50 of them."""
    if way.graph and on_gpu:
        graph, result = captured(work)

        def call():
            graph.replay()
            return result

    else:
        call = work
    host = []

    def run():
        result = call()
        if result_to_host:
            if not host:
                host.append(torch.empty_like(result, device="cpu", pin_memory=on_gpu))
            host[0].copy_(result, non_blocking=True)

    warm_up = [time_once_ms(run, on_gpu) for _ in range(2 if on_gpu else 1)]
    count = min(max(int(3000 / max(warm_up[-1], 1)), 3), 50) if on_gpu else 1
    return {**summary([time_once_ms(run, on_gpu) for _ in range(count)], "ms"), "samples": count}


def first_image(arguments, dtype):
    """Milliseconds from the start of a process to its image."""
    samples = []
    for _ in range(2):
        start = time.time()
        command = [sys.executable, __file__, arguments.model, "--device", arguments.device, "--first-image", dtype]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        samples.append((float(done.stdout.split()[-1]) - start) * 1000)
    return {**summary(samples, "ms"), "samples": len(samples)}


def paint_first_image(folder, device, dtype):
    networks = Networks(folder, device, DTYPES[dtype], WAYS["eager"])
    to_bytes(networks.decoder("first_image").images(networks.painter.paint(torch.tensor([LABEL], device=device)))).cpu()
    print(time.time())


@contextlib.contextmanager
def time_limit(seconds):
    """Raises a TimeoutError in what takes longer."""

    def end(*_):
        raise TimeoutError(f"not done after {seconds:.0f} s")

    if seconds < 1:
        raise TimeoutError("left out: the time was over")
    signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


# ---- output ---------------------------------------------------------------------------------------------------------


class Comparison:
    def __init__(self, arguments, folder, device):
        self.arguments, self.folder, self.device = arguments, folder, device
        self.on_gpu = device.type == "cuda"
        self.deadline = time.monotonic() + arguments.seconds
        self.case = Case(folder, device)
        self.decoders = {}  # by dtype: milliseconds, name, decoder of the fastest
        self.networks = None

    def line(self, row, dtype, way_name):
        way = WAYS[way_name]
        line = {"row": row, "dtype": dtype, "way": way_name, "images": BATCH if row == "generation_batch" else 1}
        try:
            with time_limit(min(self.deadline - time.monotonic(), self.arguments.row_seconds)):
                if row == "first_image":
                    return {**line, **first_image(self.arguments, dtype)}
                if self.networks is None:
                    self.networks = Networks(self.folder, self.device, DTYPES[dtype], way)
                networks = self.networks
                if row in self.case.exact:
                    line["relative_error"] = self.case.error(row, networks)
                    tolerance = (FEATURE_TOLERANCES if row in STEP_ROWS else IMAGE_TOLERANCES)[dtype]
                    if not line["relative_error"] <= tolerance:
                        raise ValueError(f"the result is wrong: its error is more than {tolerance:g}")
                decoder = networks.decoder(row)
                if row == "generation" and dtype in self.decoders:
                    _, line["decoder"], decoder = self.decoders[dtype]
                line.update(time_row(self.case.work(row, networks, decoder), row not in STEP_ROWS, way, self.on_gpu))
                if row in LAYOUTS and line["median_ms"] < self.decoders.get(dtype, (float("inf"),))[0]:
                    self.decoders[dtype] = line["median_ms"], f"{row}, {way_name}", decoder
        except Exception as e:  # a way that this PyTorch or this card lacks is a result too
            line["error"] = words(e)
        return line

    def run(self):
        for dtype, way, rows in ORDER:
            if dtype in self.arguments.dtypes and way in self.arguments.ways:
                self.networks = None
                for row in rows:
                    if row in self.arguments.rows:
                        print_line(self.line(row, dtype, way))
                        self.free()

    def free(self):
        """What a row has captured holds memory."""
        gc.collect()
        if self.on_gpu:
            torch.cuda.empty_cache()


def some_of(names):
    def parse(text):
        chosen = text.split(",")
        for name in chosen:
            if name not in names:
                raise argparse.ArgumentTypeError(f"'{name}' is none of {', '.join(names)}")
        return chosen

    return parse


def parse_arguments():
    parser = argparse.ArgumentParser(description="Times steps and generations of a MaskGIT in PyTorch.")
    parser.add_argument("model", help="model folder")
    parser.add_argument("--verify", metavar="FIXTURE", help="compare with recorded tensors, and time nothing")
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda" if torch.cuda.is_available() else "cpu")
    for option, names in (("--rows", ROWS), ("--dtypes", DTYPES), ("--ways", WAYS)):
        parser.add_argument(option, type=some_of(list(names)), default=list(names), metavar="LIST", help=", ".join(names))
    parser.add_argument("--seconds", type=float, default=150, help="what is not done after so many is left out (default: 150)")
    parser.add_argument("--row-seconds", type=float, default=60, help="what one row may take, compiling included (default: 60)")
    parser.add_argument("--first-image", choices=DTYPES, help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    try:
        folder, device = ModelFolder(arguments.model), torch.device(arguments.device)
    except OSError as e:
        sys.exit(f"generation.py: {arguments.model} is no model folder ({e.strerror}: {e.filename})")
    if "shortcut" not in folder.sizes and not arguments.verify:
        sys.exit(f"generation.py: {arguments.model} has no shortcut, which most of the steps want")
    on_gpu = device.type == "cuda"
    torch.backends.cudnn.allow_tf32 = False  # float32 is float32, as in Maskleap; for matrix products it is so by default
    torch.backends.cudnn.benchmark = not arguments.first_image  # convolutions are tried out, but not by who paints one image
    if arguments.verify:
        lines = verify(folder, arguments.verify, device)
        for line in lines:
            print_line(line)
        sys.exit(0 if all(line["right"] for line in lines) else 1)
    torch.manual_seed(1)
    with torch.no_grad():
        if arguments.first_image:
            paint_first_image(folder, device, arguments.first_image)
            return
        with best_attention(folder.sizes["base"], device, on_gpu) as attention_us:
            ways = {name: way.words for name, way in WAYS.items()}
            print_line({**versions(on_gpu), "model": folder.sizes["name"], "attention_us": attention_us, "rows": ROWS, "ways": ways})
            Comparison(arguments, folder, device).run()


if __name__ == "__main__":
    main()
