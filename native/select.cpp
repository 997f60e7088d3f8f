/* select.cpp: the most confident candidates are fixed; the rest stay masked.
 *
 * What      of candidates j < masked, the to_fix first in the order (confidence descending, position ascending) are fixed:
 *           codes[b][p] = sampled[b][j];  ids[id_offsets[b * sequences_per_image + g] + position_rows[g][p]] = sampled[b][j] + id_offset
 *           new_codes, new_positions: what was fixed;  positions: what was not; both in ascending positions
 * Layouts   sampled, confidence, positions, codes, new_codes, new_positions: (B, tokens)
 * A thread  takes whole images
 * Wants     positions ascending and on the grid (checked before anything is written); NaN counts as -infinity
 * Source    Chang et al. 2022 (MaskGIT), section 3.2
 */
#include <algorithm>
#include <cmath>

#include "checks.hpp"
#include "parallel.hpp"
#include "scratch.hpp"
#include "simd.hpp"
#include "step.hpp"

namespace leap {
namespace {

/* A row that may be fixed. Rows are in the order of their positions, so ties compare rows. */
struct Candidate {
    float confidence;
    int32_t row;

    bool operator<(const Candidate& other) const {
        return confidence > other.confidence || (confidence == other.confidence && row < other.row);
    }
};

/* Image b. candidates: (masked) scratch; fixed: (masked) scratch. */
void select_image(const leap_select_params& p, int64_t b, Candidate* candidates, bool* fixed) {
    const int32_t masked = p.step->masked;
    const int32_t to_fix = p.step->to_fix;
    const int64_t first = b * p.tokens;

    for (int32_t j = 0; j < masked; ++j) {
        const float confidence = p.confidence[first + j];
        candidates[j] = {std::isnan(confidence) ? -INFINITE : confidence, j};
    }
    std::nth_element(candidates, candidates + to_fix, candidates + masked);
    std::fill_n(fixed, masked, false);
    for (int32_t i = 0; i < to_fix; ++i) fixed[candidates[i].row] = true;

    int32_t* still_masked = p.positions + first;
    int32_t* new_codes = p.new_codes + first;
    int32_t* new_positions = p.new_positions + first;
    for (int32_t j = 0; j < masked; ++j) {
        const int32_t position = p.positions[first + j];
        if (!fixed[j]) {
            *still_masked++ = position;
            continue;
        }
        const int32_t code = p.sampled[first + j];
        const int32_t id = code + p.id_offset;
        p.codes[first + position] = code;
        *new_codes++ = id;
        *new_positions++ = position;
        if (!p.ids) continue;
        for (int64_t g = 0; g < p.sequences_per_image; ++g) {
            const int64_t row = p.position_rows ? p.position_rows[g * p.tokens + position] : position;
            p.ids[p.id_offsets[b * p.sequences_per_image + g] + row] = id;
        }
    }
    p.new_counts[b] = to_fix;
}

leap_status check(const leap_select_params* p) {
    LEAP_TRY(checks::select(p));
    LEAP_TRY(check_step("select", p->step, p->images, p->tokens));
    if (p->images == 0) return LEAP_OK;
    const int32_t masked = p->step->masked;
    if (masked == 0) return LEAP_OK;
    if (p->ids) {
        for (int64_t i = 0; i < p->images * p->sequences_per_image; ++i)
            LEAP_REQUIRE(p->id_offsets[i] >= 0, LEAP_BAD_ARGUMENT, "select: id_offsets[%lld]=%d is negative", (long long)i,
                         p->id_offsets[i]);
        LEAP_TRY(check_position_rows("select", p->position_rows, p->sequences_per_image, p->tokens));
    }
    LEAP_TRY(check_positions("select", p->positions, p->images, masked, p->tokens));
    for (int64_t b = 0; b < p->images; ++b)
        for (int64_t j = 0; j < masked; ++j) {
            const int64_t at = b * p->tokens + j;
            LEAP_REQUIRE(j == 0 || p->positions[at] > p->positions[at - 1], LEAP_BAD_ARGUMENT,
                         "select: positions[%lld][%lld]=%d does not exceed the one before, %d", (long long)b, (long long)j,
                         p->positions[at], p->positions[at - 1]);
            const int64_t id = int64_t(p->sampled[at]) + p->id_offset;
            LEAP_REQUIRE(p->sampled[at] >= 0 && id >= 0 && id <= INT32_MAX, LEAP_BAD_ARGUMENT,
                         "select: sampled[%lld][%lld]=%d with id_offset=%d is not a token id", (long long)b, (long long)j,
                         p->sampled[at], p->id_offset);
        }
    return LEAP_OK;
}

leap_status run(const leap_select_params& p) {
    if (p.images == 0) return LEAP_OK;
    const int64_t masked = p.step->masked;
    const bool parallel = p.images > 1 && p.images * masked >= PARALLEL_ELEMENTS / 4;  // a candidate is compared often
    const std::size_t candidates_bytes = padded_bytes<Candidate>(masked);
    const std::size_t slice = candidates_bytes + padded_bytes<bool>(masked);
    std::byte* scratch = thread_scratch().reserve(slice * (parallel ? omp_get_max_threads() : 1));
    LEAP_REQUIRE(scratch || masked == 0, LEAP_OUT_OF_MEMORY, "select: no memory for %zu bytes of scratch per thread", slice);

#pragma omp parallel for schedule(static) if (parallel)
    for (int64_t b = 0; b < p.images; ++b) {
        std::byte* own = scratch + slice * omp_get_thread_num();
        select_image(p, b, reinterpret_cast<Candidate*>(own), reinterpret_cast<bool*>(own + candidates_bytes));
    }
    return LEAP_OK;
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_select(leap_stream, const leap_select_params* p) {
    LEAP_TRY(leap::check(p));
    return leap::run(*p);
}
