/* sampler.cpp: the sampler, alone and with the selection after it: sequences_per_image rows of one image, all masked. Shapes are (rows, V). */
#include "bench.hpp"

namespace leap::bench {
namespace {

using cases::Bf16;

enum class Selection { NO, HALF };

template <class T>
void bench(const char* kernel, int rows, int V, int draw, leap_dtype noise, Selection selection = Selection::NO) {
    if (!is_wanted(kernel)) return;
    const double bytes = 2.0 * rows * V * sizeof(T);
    const int copies = rotations(bytes);
    const Normals<T> logits(int64_t(2) * rows * V, copies, 2);
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
    const auto call = [&](leap_stream stream, int i) {
        leap_sample_params p{};
        p.logits = logits.at(i), p.positions = positions.at(i), p.seeds = seeds.at(0), p.step = step_device.at(0);
        p.sampled = sampled.at(i), p.confidence = confidence.at(i);
        p.images = 1, p.sequences_per_image = 2, p.row_capacity = p.tokens = rows, p.V = V;
        p.logits_dtype = cases::DTYPE<T>, p.draw = draw, p.noise_dtype = noise;
        require(leap_sample(stream, &p));
        if (selection == Selection::NO) return;
        leap_select_params s{};
        s.sampled = sampled.at(i), s.confidence = confidence.at(i), s.positions = positions.at(i), s.codes = codes.at(i);
        s.new_codes = new_codes.at(i), s.new_positions = new_positions.at(i), s.new_counts = new_counts.at(i);
        s.step = step_device.at(0), s.images = 1, s.sequences_per_image = 2, s.tokens = rows;
        require(leap_select(stream, &s));
    };

    // Guided logits deviate by 10, so what is drawn lies far above a row's mean of 0.
    run_once(call);
    const std::vector<int32_t> drawn = sampled.read(0);
    const std::vector<T> row = logits.read(0);
    double above = 0;
    for (int j = 0; j < rows; ++j) {
        cases::expect(drawn[j] >= 0 && drawn[j] < V, "%s: row %d has code %d of %d", kernel, j, drawn[j], V);
        above += 4 * cases::to_double(row[int64_t(j) * V + drawn[j]]) -
                 3 * cases::to_double(row[(int64_t(rows) + j) * V + drawn[j]]);
    }
    cases::expect(above / rows > 10, "%s: drawn logits are %.3g on the average", kernel, above / rows);

    report({kernel, {rows, V}, cases::DTYPE_NAME<T>, time_calls(call), bytes, 0});
}

}  // namespace

void bench_sampler() {
    const int rows = size(4096), V = size(8192);
    bench<float>("sample_inverse_cdf", rows, V, LEAP_DRAW_INVERSE_CDF, LEAP_F32);
    bench<float>("sample_gumbel_max", rows, V, LEAP_DRAW_GUMBEL_MAX, LEAP_F32);
    bench<Bf16>("sample_inverse_cdf", rows, V, LEAP_DRAW_INVERSE_CDF, LEAP_F32);
    bench<Bf16>("sample_gumbel_max_bf16_noise", rows, V, LEAP_DRAW_GUMBEL_MAX, LEAP_BF16);
    bench<float>("sample_and_select", size(1024), size(1024), LEAP_DRAW_INVERSE_CDF, LEAP_F32, Selection::HALF);
}

}  // namespace leap::bench
