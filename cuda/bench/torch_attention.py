"""torch_attention.py: which of PyTorch's kernels for attention is the fastest for a network, and that one for all its attention."""

import contextlib
import sys

import torch
import torch.nn.functional as F

from torch_timing import captured, time_once_ms, words

CALLS = 20


def fastest_attention(sizes, device):
    """PyTorch's kernels for attention, the fastest at the base network's shape first, and the microseconds that each takes."""
    from torch.nn.attention import SDPBackend, sdpa_kernel

    shape = (2, sizes["grid"] ** 2 + 1, 3, sizes["heads"], sizes["channels"] // sizes["heads"])
    q, k, v = torch.randn(shape, device=device, dtype=torch.bfloat16).permute(2, 0, 3, 1, 4).unbind(0)
    found = {}
    for backend in (SDPBackend.FLASH_ATTENTION, SDPBackend.CUDNN_ATTENTION, SDPBackend.EFFICIENT_ATTENTION, SDPBackend.MATH):
        try:
            with sdpa_kernel(backend):
                graph, _ = captured(lambda: [F.scaled_dot_product_attention(q, k, v) for _ in range(CALLS)])
            found[backend] = min(time_once_ms(graph.replay, True) for _ in range(5)) * 1000 / CALLS
        except RuntimeError as e:
            print(f"{backend}: {words(e)}", file=sys.stderr)
    return dict(sorted(found.items(), key=lambda entry: entry[1]))


@contextlib.contextmanager
def best_attention(sizes, device, on_gpu):
    """Within, PyTorch takes the fastest kernel that can. Gives the microseconds that each takes, where they could be timed."""
    try:
        if not on_gpu:
            raise ImportError("there is no choice on the CPU")
        times = fastest_attention(sizes, device)
        from torch.nn.attention import sdpa_kernel

        choice = sdpa_kernel(list(times), set_priority=True)
    except (ImportError, TypeError) as e:  # TypeError: before PyTorch 2.6
        print(f"PyTorch chooses its attention: {words(e)}", file=sys.stderr)
        times, choice = {}, contextlib.nullcontext()
    with choice:
        yield {backend.name: us for backend, us in times.items()}
