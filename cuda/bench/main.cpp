/* main.cpp: times the library's kernels at real shapes, one line each: key, median, least and 90th percentile in microseconds,
 * bytes read and written, floating-point operations; tabs between. Results are checked before they are timed.
 *
 *     maskleap_cuda_bench [TEXT]      only kernels whose key contains TEXT
 *
 * peers.py prints the same keys for PyTorch; cuda/check puts both together.
 */
#include <cmath>
#include <cstring>
#include <functional>
#include <string>

#include "fill.hpp"
#include "timing.hpp"

namespace leap::bench {
namespace {

using cases::Bf16;

std::string wanted;

void report(const std::string& key, const Timing& t, double bytes, double operations) {
    std::printf("%s\t%.3f\t%.3f\t%.3f\t%.0f\t%.0f\n", key.c_str(), t.median, t.least, t.p90, bytes, operations);
    std::fflush(stdout);
}

bool is_wanted(const std::string& key) { return key.find(wanted) != std::string::npos; }

/* Ends the program: a wrong result is not timed. */
void check_close(const std::string& key, double actual, double expected, double tolerance) {
    if (std::abs(actual - expected) <= tolerance) return;
    std::fprintf(stderr, "maskleap_cuda_bench: %s computes %.6g, wanted %.6g within %.2g\n", key.c_str(), actual, expected,
                 tolerance);
    std::exit(1);
}

/* ---- the ceiling of memory ------------------------------------------------------------------------------------- */

void copy() {
    if (!is_wanted("copy")) return;
    constexpr int64_t BYTES = int64_t(1) << 30;
    const Rotating<char> from(BYTES, 1), to(BYTES, 1);
    fill_normal(reinterpret_cast<float*>(from.at(0)), BYTES / sizeof(float), 1);
    const Timing t = time_calls(4, [&](cudaStream_t stream, int) {
        require(cudaMemcpyAsync(to.at(0), from.at(0), BYTES, cudaMemcpyDeviceToDevice, stream), "a copy");
    });
    report("copy", t, 2.0 * BYTES, 0);
}

/* ---- attention ----------------------------------------------------------------------------------------------------- */

/* Equal sequences; queries, keys and values are slices of one product, as the networks have them, unless there are few keys. */
void attention(const std::string& key, leap_status (*function)(leap_stream, const leap_attention_params*), int sequences,
               int heads, int queries, int keys, int head_dim) {
    if (!is_wanted(key)) return;
    const bool self = queries == keys;
    const int64_t C = int64_t(heads) * head_dim, q_rows = int64_t(sequences) * queries, k_rows = int64_t(sequences) * keys;
    const double bytes = 2.0 * (2 * q_rows + 2 * k_rows) * C;
    const int copies = rotations(bytes);
    const Rotating<Bf16> q(q_rows * C * (self ? 3 : 1), copies), kv(self ? 1 : k_rows * C * 2, copies), out(q_rows * C, copies);
    fill_normal(q.all(), q.all_elements(), 1);
    fill_normal(kv.all(), kv.all_elements(), 1);
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

    // The last query of the last head against float64.
    const leap_attention_params first = params(0);
    require(function(nullptr, &first));
    require(cudaDeviceSynchronize(), key.c_str());
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
        check_close(key, cases::to_double(result[q_rows * C - head_dim + d]), sums[d] / total, 0.02);

    const Timing t = time_calls(std::max(copies, 8), [&](cudaStream_t stream, int i) {
        const leap_attention_params p = params(i);
        require(function(stream, &p));
    });
    report(key, t, bytes, 4.0 * sequences * heads * double(queries) * keys * head_dim);
}

/* ---- sampling ------------------------------------------------------------------------------------------------------- */

/* Guided rows of one image, all masked; with `select` also the selection of half of them. */
template <class T>
void sample(const std::string& key, int rows, int V, int draw, leap_dtype noise, bool select) {
    if (!is_wanted(key)) return;
    const double bytes = 2.0 * rows * V * sizeof(T);
    const int copies = rotations(bytes);
    const Rotating<T> logits(int64_t(2) * rows * V, copies);
    fill_normal(logits.all(), logits.all_elements(), 2);
    std::vector<int32_t> grid(rows);
    for (int i = 0; i < rows; ++i) grid[i] = i;
    const Rotating<int32_t> positions(grid, copies), sampled(rows, copies), codes(rows, copies), new_codes(rows, copies),
        new_positions(rows, copies), new_counts(1, copies);
    const Rotating<float> confidence(rows, copies);
    const Rotating<uint64_t> seeds(std::vector<uint64_t>{42}, 1);
    leap_step step{};
    step.masked = rows, step.to_fix = rows / 2, step.mask_ratio = 1, step.guidance = 3, step.draw_scale = 1;
    step.confidence_scale = 1, step.confidence_noise = 1;
    const Rotating<leap_step> step_device(std::vector<leap_step>{step}, 1);
    const auto call = [&](cudaStream_t stream, int i) {
        leap_sample_params p{};
        p.logits = logits.at(i), p.positions = positions.at(i), p.seeds = seeds.at(0), p.step = step_device.at(0);
        p.sampled = sampled.at(i), p.confidence = confidence.at(i);
        p.images = 1, p.guided = 2, p.row_capacity = p.tokens = rows, p.V = V;
        p.logits_dtype = cases::DTYPE<T>, p.draw = draw, p.noise_dtype = noise;
        require(leap_sample(stream, &p));
        if (!select) return;
        leap_select_params s{};
        s.sampled = sampled.at(i), s.confidence = confidence.at(i), s.positions = positions.at(i), s.codes = codes.at(i);
        s.new_codes = new_codes.at(i), s.new_positions = new_positions.at(i), s.new_counts = new_counts.at(i);
        s.step = step_device.at(0), s.images = 1, s.guided = 2, s.tokens = rows;
        require(leap_select(stream, &s));
    };

    // A draw of a large row is nearly never among the least likely codes: its logit is above the row's mean less a little.
    call(nullptr, 0);
    require(cudaDeviceSynchronize(), key.c_str());
    const std::vector<int32_t> drawn = sampled.read(0);
    const std::vector<T> row = logits.read(0);
    double above = 0;
    for (int j = 0; j < rows; ++j) {
        check_close(key, drawn[j] >= 0 && drawn[j] < V, 1, 0);
        above += 4 * cases::to_double(row[int64_t(j) * V + drawn[j]]) - 3 * cases::to_double(row[(int64_t(rows) + j) * V + drawn[j]]);
    }
    if (above / rows < 5) check_close(key, above / rows, 10, 5);

    const Timing t = time_calls(std::max(copies, 4), call);
    report(key, t, bytes, 0);
}

/* ---- norms ------------------------------------------------------------------------------------------------------------- */

/* Residual float32 (bfloat16 for the RMS norm, as in DiMOO), delta and y bfloat16. */
template <class Residual>
void add_norm(const std::string& key, leap_status (*function)(leap_stream, const leap_add_norm_params*), int64_t rows, int64_t C) {
    if (!is_wanted(key)) return;
    const double bytes = double(rows) * C * (2 * sizeof(Residual) + 2 * sizeof(Bf16));
    const int copies = rotations(bytes);
    const Rotating<Residual> residual(rows * C, copies);
    const Rotating<Bf16> delta(rows * C, copies), y(rows * C, copies);
    const Rotating<float> gamma(std::vector<float>(C, 1.0f), 1), beta(std::vector<float>(C, 0.0f), 1);
    fill_normal(residual.all(), residual.all_elements(), 1);
    fill_normal(delta.all(), delta.all_elements(), 1);
    const auto call = [&](cudaStream_t stream, int i) {
        leap_add_norm_params p{};
        p.residual = residual.at(i), p.delta = delta.at(i), p.gamma = gamma.at(0), p.y = y.at(i);
        p.beta = function == leap_add_layer_norm ? beta.at(0) : nullptr;
        p.rows = rows, p.C = C, p.residual_dtype = cases::DTYPE<Residual>, p.delta_dtype = p.y_dtype = LEAP_BF16, p.eps = 1e-5f;
        require(function(stream, &p));
    };
    call(nullptr, 0);
    require(cudaDeviceSynchronize(), key.c_str());
    const std::vector<Bf16> result = y.read(0);
    double squares = 0;  // of a normalised row
    for (int64_t c = 0; c < C; ++c) squares += std::pow(cases::to_double(result[(rows - 1) * C + c]), 2);
    check_close(key, squares / C, 1, 0.02);
    report(key, time_calls(std::max(copies, 8), call), bytes, 0);
}

/* ---- what else a step or the decoder holds ------------------------------------------------------------------------- */

void softmax_rows(const std::string& key, int64_t rows, int64_t columns) {
    if (!is_wanted(key)) return;
    const double bytes = 2.0 * rows * columns * sizeof(Bf16);
    const int copies = rotations(bytes);
    const Rotating<Bf16> x(rows * columns, copies);
    fill_normal(x.all(), x.all_elements(), 1);
    report(key, time_calls(std::max(copies, 8), [&](cudaStream_t stream, int i) {
               require(leap_softmax_rows(stream, LEAP_BF16, x.at(i), rows, columns, 1));
           }), bytes, 0);
}

void group_norm(const std::string& key, int64_t pixels, int64_t C) {
    if (!is_wanted(key)) return;
    const double bytes = 3.0 * pixels * C * sizeof(Bf16);
    const int copies = rotations(bytes);
    const Rotating<Bf16> x(pixels * C, copies), y(pixels * C, copies);
    const Rotating<float> gamma(std::vector<float>(C, 1.0f), 1), beta(std::vector<float>(C, 0.0f), 1);
    fill_normal(x.all(), x.all_elements(), 1);
    report(key, time_calls(std::max(copies, 4), [&](cudaStream_t stream, int i) {
               require(leap_group_norm(stream, LEAP_BF16, x.at(i), gamma.at(0), beta.at(0), y.at(i), 1, pixels, C, 32, 1e-6f, 1));
           }), bytes, 0);
}

void all() {
    copy();
    attention("attention 2x16x1025x48", leap_attention, 2, 16, 1025, 1025, 48);
    attention("attention 2x16x1025x24", leap_attention, 2, 16, 1025, 1025, 24);
    attention("attention 1x32x4300x64", leap_attention, 1, 32, 4300, 4300, 64);
    attention("attention 1x32x4300x128", leap_attention, 1, 32, 4300, 4300, 128);
    attention("cross-attention 2x16x1025x24, 32 keys", leap_cross_attention, 2, 16, 1025, 32, 24);
    attention("cross-attention 1x32x4300x64, 128 keys", leap_cross_attention, 1, 32, 4300, 128, 64);
    sample<float>("sampler 4096x8192 inverse CDF, f32", 4096, 8192, LEAP_DRAW_INVERSE_CDF, LEAP_F32, false);
    sample<float>("sampler 4096x8192 Gumbel-max, f32", 4096, 8192, LEAP_DRAW_GUMBEL_MAX, LEAP_F32, false);
    sample<Bf16>("sampler 4096x8192 inverse CDF, bf16", 4096, 8192, LEAP_DRAW_INVERSE_CDF, LEAP_F32, false);
    sample<Bf16>("sampler 4096x8192 Gumbel-max, bf16 noise", 4096, 8192, LEAP_DRAW_GUMBEL_MAX, LEAP_BF16, false);
    sample<float>("sampler 1024x1024 with selection", 1024, 1024, LEAP_DRAW_INVERSE_CDF, LEAP_F32, true);
    add_norm<float>("add + LayerNorm 2050x768", leap_add_layer_norm, 2050, 768);
    add_norm<float>("add + LayerNorm 65536x768", leap_add_layer_norm, 65536, 768);
    add_norm<Bf16>("add + RMSNorm 4300x4096", leap_add_rms_norm, 4300, 4096);
    softmax_rows("softmax 4096x4096", 4096, 4096);
    group_norm("GroupNorm + swish 512x512x128", 512 * 512, 128);
}

}  // namespace
}  // namespace leap::bench

int main(int count, char** arguments) {
    if (count > 2 || (count == 2 && arguments[1][0] == '-')) {
        std::fprintf(stderr, "usage: maskleap_cuda_bench [TEXT]\n");
        return 2;
    }
    if (count == 2) leap::bench::wanted = arguments[1];
    leap::bench::all();
    return 0;
}
