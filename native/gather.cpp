/* gather.cpp: the features of the rows that are still masked, packed for the head.
 *
 * What      out[b][g][j] = x[row_offsets[b * sequences_per_image + g] + position_rows[g][positions[b][j]]],  j < step->masked
 * Layouts   x: (rows, C) dtype; positions: (images, tokens) int32; out: (images, sequences_per_image, row_capacity, C) dtype
 * A thread  takes whole rows
 * Wants     positions on the grid, masked <= row_capacity; out does not alias x; other rows of out stay as they are
 * Source    none needed
 */
#include <cstring>

#include "bf16.hpp"
#include "checks.hpp"
#include "parallel.hpp"
#include "step.hpp"

namespace leap {
namespace {

leap_status check(const leap_gather_params* p) {
    LEAP_TRY(checks::gather_rows(p));
    LEAP_TRY(check_step("gather_rows", p->step, p->images, p->tokens));
    if (p->images == 0) return LEAP_OK;
    LEAP_TRY(check_row_capacity("gather_rows", *p->step, p->row_capacity));
    if (p->step->masked == 0 || p->C == 0) return LEAP_OK;
    for (int64_t i = 0; i < p->images * p->sequences_per_image; ++i)
        LEAP_REQUIRE(p->row_offsets[i] >= 0, LEAP_BAD_ARGUMENT, "gather_rows: row_offsets[%lld]=%d is negative",
                     (long long)i, p->row_offsets[i]);
    LEAP_TRY(check_position_rows("gather_rows", p->position_rows, p->sequences_per_image, p->tokens));
    return check_positions("gather_rows", p->positions, p->images, p->step->masked, p->tokens);
}

template <class T>
void run(const leap_gather_params& p) {
    if (p.images == 0) return;
    const int64_t masked = p.step->masked;
    const int64_t rows = p.images * p.sequences_per_image * masked;
#pragma omp parallel for schedule(static) if (rows * p.C >= PARALLEL_ELEMENTS)
    for (int64_t r = 0; r < rows; ++r) {
        const int64_t j = r % masked;
        const int64_t sequence = r / masked;  // b * sequences_per_image + g
        const int64_t position = p.positions[sequence / p.sequences_per_image * p.tokens + j];
        const int64_t row = p.position_rows ? p.position_rows[sequence % p.sequences_per_image * p.tokens + position] : position;
        std::memcpy(static_cast<T*>(p.out) + (sequence * p.row_capacity + j) * p.C,
                    static_cast<const T*>(p.x) + (p.row_offsets[sequence] + row) * p.C, p.C * sizeof(T));
    }
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_gather_rows(leap_stream, const leap_gather_params* p) {
    LEAP_TRY(leap::check(p));
    if (p->C > 0) leap::with_element(p->dtype, [&]<class T>() { leap::run<T>(*p); });
    return LEAP_OK;
}
