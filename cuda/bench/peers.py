"""peers.py: times in PyTorch what maskleap_cuda_bench has timed, at the same shapes and dtypes, in every way that could be a
user's first choice: attention by each of PyTorch's own kernels, sequences of operations as they are and compiled.

    maskleap_cuda_bench > bench.jsonl
    python3 peers.py bench.jsonl > peers.jsonl

Prints one line of JSON for PyTorch, one for the largest rate of a matrix product, and one for each way of each kernel: its
microseconds per call, or why it could not be timed. Calls are captured into a CUDA graph and timed as the bench does it: 32 of them
over operands that rotate through more memory than the second-level cache, 3 replays for warmth, the median of 30. Compiling comes
last, so that a limit on time costs nothing else. Without a GPU this is a rehearsal: the same calls on the CPU, twice.
"""

import json
import sys

import torch
import torch.nn.functional as F

from torch_timing import captured, print_line, summary, time_once_ms, versions, words

CALLS, WARM_UP, SAMPLES = 32, 3, 30
ON_GPU = torch.cuda.is_available()
DEVICE = "cuda" if ON_GPU else "cpu"
DTYPES = {"f32": torch.float32, "bf16": torch.bfloat16}
GUIDANCE = 3.0


def randn(*shape, dtype=torch.bfloat16, deviation=1.0):
    """Random elements: zeros would run faster than real data."""
    return (torch.randn(*shape, device=DEVICE) * deviation).to(dtype)


def rotate(total_bytes, make):
    """make() as often as it takes to exceed the second-level cache."""
    copies = min(max(int(256e6 / total_bytes) + 1, 1), CALLS) if ON_GPU else 2
    return [make() for _ in range(copies)]


# ---- timing ---------------------------------------------------------------------------------------------------------


def time_calls(call):
    """call(i), i = 0 .. CALLS - 1, in one graph."""
    if not ON_GPU:
        for i in range(2):
            each = time_once_ms(lambda: call(i), ON_GPU) * 1000
        return summary([each], "us")
    graph, _ = captured(lambda: [call(i) for i in range(CALLS)])
    samples = [time_once_ms(graph.replay, ON_GPU) * 1000 / CALLS for _ in range(WARM_UP + SAMPLES)]
    return summary(samples[WARM_UP:], "us")


# ---- attention ------------------------------------------------------------------------------------------------------


def attention(row):
    """Ways to call scaled_dot_product_attention: (name, call(i))."""
    sequences, heads, queries, keys, head_dim = row["shape"]

    def operands():
        if queries == keys:  # slices of one product, as the networks have them
            product = randn(sequences, queries, 3, heads, head_dim)
            return [product[:, :, part].transpose(1, 2) for part in range(3)]
        q, kv = randn(sequences, queries, heads, head_dim), randn(sequences, keys, 2, heads, head_dim)
        return [q.transpose(1, 2), kv[:, :, 0].transpose(1, 2), kv[:, :, 1].transpose(1, 2)]

    rotated = rotate(row["bytes"], operands)

    def with_backend(name):
        def call(i):
            from torch.nn.attention import SDPBackend, sdpa_kernel

            with sdpa_kernel(getattr(SDPBackend, name)):
                F.scaled_dot_product_attention(*rotated[i % len(rotated)])

        return call

    backends = {"flash": "FLASH_ATTENTION", "cuDNN": "CUDNN_ATTENTION", "efficient": "EFFICIENT_ATTENTION"}
    return [(name, with_backend(backend)) for name, backend in backends.items()], []


# ---- sequences of operations: as they are, and compiled -------------------------------------------------------------


def both_ways(rotated, function):
    """(ways that need no compiler, ways that do)."""
    compiled = []

    def eager(i):
        function(*rotated[i % len(rotated)])

    def compiled_call(i):
        if not compiled:
            compiled.append(torch.compile(function, dynamic=False))
        compiled[0](*rotated[i % len(rotated)])

    return [("eager", eager)], [("compiled", compiled_call)]


def gumbel_like(x):
    return -torch.log(-torch.log(torch.rand_like(x).clamp_(1e-20, 1 - 1e-7)))


def guided(logits):
    return (1 + GUIDANCE) * logits[0] - GUIDANCE * logits[1]


def draw_inverse_cdf(logits):
    p = torch.softmax(guided(logits), -1)
    code = torch.multinomial(p, 1)
    confidence = torch.log(p.gather(-1, code)).squeeze(-1)
    return code.squeeze(-1), confidence + gumbel_like(confidence)


def draw_gumbel_max(logits):
    x = guided(logits)
    code = torch.argmax(x + gumbel_like(x), -1, keepdim=True)
    confidence = torch.log_softmax(x, -1).gather(-1, code).squeeze(-1)
    return code.squeeze(-1), confidence + gumbel_like(confidence)


def draw_and_select(logits, codes, positions):
    code, confidence = draw_inverse_cdf(logits)
    fixed = confidence.topk(confidence.numel() // 2).indices.sort().values
    left = confidence.topk(confidence.numel() - fixed.numel(), largest=False).indices.sort().values
    codes.scatter_(0, positions[fixed], code[fixed])
    return positions[fixed], code[fixed], positions[left]


def sampler(function):
    def ways(row):
        rows, V = row["shape"]
        return both_ways(rotate(row["bytes"], lambda: [randn(2, rows, V, dtype=DTYPES[row["dtype"]], deviation=2)]), function)

    return ways


def sample_and_select(row):
    rows, V = row["shape"]

    def operands():
        codes = torch.zeros(rows, dtype=torch.int64, device=DEVICE)
        return [randn(2, rows, V, dtype=torch.float32, deviation=2), codes, torch.arange(rows, device=DEVICE)]

    return both_ways(rotate(row["bytes"], operands), draw_and_select)


def add_norm(norm):
    def ways(row):
        rows, C = row["shape"]
        residual_dtype = DTYPES[row["dtype"]]
        weights = torch.ones(C, device=DEVICE, dtype=residual_dtype), torch.zeros(C, device=DEVICE, dtype=residual_dtype)

        def operands():
            return [randn(rows, C, dtype=residual_dtype), randn(rows, C)]

        def function(residual, delta):
            residual.add_(delta)
            return norm(residual, *weights).to(torch.bfloat16)

        return both_ways(rotate(row["bytes"], operands), function)

    return ways


def layer_norm(x, gamma, beta):
    return F.layer_norm(x, gamma.shape, gamma, beta, 1e-5)


def rms_norm(x, gamma, _):
    return F.rms_norm(x, gamma.shape, gamma, 1e-5)


def softmax_rows(row):
    rotated = rotate(row["bytes"], lambda: [randn(*row["shape"])])
    return both_ways(rotated, lambda x: torch.softmax(x, -1))


def group_norm_swish(row):
    pixels, C = row["shape"]
    gamma, beta = randn(C), randn(C)
    shape = [1, C, 64, pixels // 64]
    rotated = rotate(row["bytes"], lambda: [randn(*shape).to(memory_format=torch.channels_last)])
    return both_ways(rotated, lambda x: F.silu(F.group_norm(x, 32, gamma, beta, 1e-6)))


WAYS = {
    "attention": attention,
    "cross_attention": attention,
    "sample_inverse_cdf": sampler(draw_inverse_cdf),
    "sample_gumbel_max": sampler(draw_gumbel_max),
    "sample_gumbel_max_bf16_noise": sampler(draw_gumbel_max),
    "sample_and_select": sample_and_select,
    "add_layer_norm": add_norm(layer_norm),
    "add_rms_norm": add_norm(rms_norm),
    "softmax_rows": softmax_rows,
    "group_norm_swish": group_norm_swish,
}


# ---- output ---------------------------------------------------------------------------------------------------------


def report(kernel, shape, dtype, way, call, operations=0):
    line = {"kernel": kernel, "shape": shape, "dtype": dtype, "way": way}
    try:
        with torch.no_grad():
            line.update(time_calls(call), operations=operations)
    except Exception as e:  # a way that this PyTorch or this card lacks is a result too
        line["error"] = words(e)
    print_line(line)


def matrix_product():
    """The largest product that costs no more than moments: what this card's matrix units reach with a good library."""
    n = 8192 if ON_GPU else 64
    rotated = rotate(3 * n * n * 2, lambda: (randn(n, n), randn(n, n)))
    report("matrix_product", [n, n, n], "bf16", "matmul", lambda i: torch.matmul(*rotated[i % len(rotated)]), 2.0 * n**3)


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: peers.py BENCH.jsonl")
    with open(sys.argv[1]) as file:
        rows = [row for row in map(json.loads, file) if row.get("kernel") in WAYS]
    print_line(versions(ON_GPU))
    matrix_product()
    for compiling in (False, True):
        for row in rows:
            without_compiler, with_compiler = WAYS[row["kernel"]](row)
            for way, call in with_compiler if compiling else without_compiler:
                report(row["kernel"], row["shape"], row["dtype"], way, call)
            if ON_GPU:
                torch.cuda.empty_cache()


if __name__ == "__main__":
    main()
