/* attention.cpp: attention and cross-attention in bfloat16. Shapes are (sequences, heads, queries, keys, head_dim). */
#include <cmath>

#include "attention_sm90.hpp"
#include "bench.hpp"

namespace leap::bench {
namespace {

using cases::Bf16;

using Function = leap_status (*)(leap_stream, const leap_attention_params*);

/* Whatever the library would choose. */
leap_status attention_on_sm90(leap_stream stream, const leap_attention_params* p) {
    cases::expect(attention::fits_sm90(*p), "the call does not fit Hopper's kernel");
    return attention::sm90(stream, *p);
}

/* Equal sequences. Queries, keys and values are slices of one product, as the networks have them, unless there are few keys. */
void bench(const char* kernel, Function function, int sequences, int heads, int queries, int keys, int head_dim) {
    if (!is_wanted(kernel)) return;
    const bool self = queries == keys;
    const int64_t C = int64_t(heads) * head_dim, q_rows = int64_t(sequences) * queries, k_rows = int64_t(sequences) * keys;
    const double bytes = 2.0 * (2 * q_rows + 2 * k_rows) * C;
    const int copies = rotations(bytes);
    const Normals<Bf16> q(q_rows * C * (self ? 3 : 1), copies), kv(self ? 1 : k_rows * C * 2, copies);
    const Rotating<Bf16> out(q_rows * C, copies);
    std::vector<int32_t> q_offsets(sequences + 1), k_offsets(sequences), k_counts(sequences, keys);
    for (int s = 0; s <= sequences; ++s) q_offsets[s] = s * queries;
    for (int s = 0; s < sequences; ++s) k_offsets[s] = s * keys;
    const Rotating<int32_t> q_offsets_device(q_offsets, 1), k_offsets_device(k_offsets, 1), k_counts_device(k_counts, 1);
    const auto params = [&](int i) {
        leap_attention_params p{};
        p.q = q.at(i), p.out = out.at(i);
        p.k = self ? q.at(i) + C : kv.at(i), p.v = self ? q.at(i) + 2 * C : kv.at(i) + C;
        p.q_stride = self ? 3 * C : C, p.k_stride = p.v_stride = self ? 3 * C : 2 * C, p.out_stride = C;
        p.q_offsets = q_offsets_device.at(0), p.k_offsets = k_offsets_device.at(0), p.k_counts = k_counts_device.at(0);
        p.q_rows = q_rows, p.k_rows = k_rows, p.sequences = sequences, p.heads = p.kv_heads = heads, p.head_dim = head_dim;
        p.max_queries = queries, p.max_keys = keys, p.scale = float(1 / std::sqrt(double(head_dim))), p.dtype = LEAP_BF16;
        return p;
    };
    const auto call = [&](leap_stream stream, int i) {
        const leap_attention_params p = params(i);
        require(function(stream, &p));
    };

    // The last query of the last head against float64.
    run_once(call);
    const leap_attention_params first = params(0);
    const std::vector<Bf16> queries_host = q.read(0), keys_host = self ? queries_host : kv.read(0), result = out.read(0);
    const Bf16* query = queries_host.data() + (q_rows - 1) * first.q_stride + C - head_dim;
    const Bf16* key_head = keys_host.data() + (self ? C : 0) + (k_rows - keys) * first.k_stride + C - head_dim;
    std::vector<double> sums(head_dim);
    double total = 0;
    for (int j = 0; j < keys; ++j) {
        double dot = 0;
        for (int d = 0; d < head_dim; ++d) dot += cases::to_double(query[d]) * cases::to_double(key_head[j * first.k_stride + d]);
        const double weight = std::exp(dot * first.scale);
        total += weight;
        for (int d = 0; d < head_dim; ++d) sums[d] += weight * cases::to_double(key_head[j * first.k_stride + C + d]);
    }
    for (int d = 0; d < head_dim; ++d)
        check_close(kernel, cases::to_double(result[q_rows * C - head_dim + d]), sums[d] / total, 0.02);

    report({kernel, {sequences, heads, queries, keys, head_dim}, "bf16", time_calls(call), bytes,
            4.0 * sequences * heads * double(queries) * keys * head_dim});
}

bool is_hopper() {
    DeviceProperties device;
    require(device_properties(device));
    return device.compute_capability == 90;
}

}  // namespace

void bench_attention() {
    const auto self = [](const char* kernel, Function function, int sequences, int heads, int tokens, int head_dim) {
        bench(kernel, function, sequences, size(heads), size(tokens), size(tokens), head_dim);
    };
    self("attention", leap_attention, 2, 16, 1025, 48);
    self("attention", leap_attention, 2, 16, 1025, 24);
    self("attention", leap_attention, 1, 32, 4300, 64);
    self("attention", leap_attention, 1, 32, 4300, 128);
    if (is_hopper()) {
        self("attention_sm90", attention_on_sm90, 2, 16, 1025, 48);
        self("attention_sm90", attention_on_sm90, 1, 32, 4300, 64);
        self("attention_sm90", attention_on_sm90, 1, 32, 4300, 128);
    }
    bench("cross_attention", leap_cross_attention, 2, size(16), size(1025), size(32), 24);
    bench("cross_attention", leap_cross_attention, 1, size(32), size(4300), size(128), 64);
}

}  // namespace leap::bench
