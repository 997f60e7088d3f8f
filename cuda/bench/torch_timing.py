"""torch_timing.py: what every comparison with PyTorch needs: times of work on a GPU, and lines of JSON."""

import json
import statistics
import time

import torch


def captured(work):
    """
    A CUDA graph of what work() launches, and what work() gave; each replay gives it anew. It runs twice before: compilers
    compile, and libraries choose their algorithms.
    """
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):
            work()
    stream.synchronize()
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        result = work()
    return graph, result


def time_once_ms(work, on_gpu):
    """On a GPU, the time between two events around the work, so also that in which the GPU waits for the host in between."""
    if not on_gpu:
        start = time.perf_counter()
        work()
        return (time.perf_counter() - start) * 1000
    start, end = torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)
    start.record()
    work()
    end.record()
    end.synchronize()
    return start.elapsed_time(end)


def summary(samples, unit):
    samples = sorted(samples)
    return {f"median_{unit}": statistics.median(samples), f"least_{unit}": samples[0], f"p90_{unit}": samples[len(samples) * 9 // 10]}


def versions(on_gpu):
    device = torch.cuda.get_device_name() if on_gpu else "CPU (a rehearsal)"
    return {"torch": torch.__version__, "cuda": torch.version.cuda, "cudnn": torch.backends.cudnn.version(), "device": device}


def words(error):
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def print_line(line):
    print(json.dumps(line), flush=True)
