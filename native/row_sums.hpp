/* row_sums.hpp: sums over one row, as the norms need them. */
#pragma once

#include "simd.hpp"

namespace leap {

/* sum over the row of term(index, lanes), with so many sums side by side that additions do not wait for each other. */
template <class Term>
LEAP_INLINE float sum_row(int64_t n, Term&& term) {
    Vec sums[4] = {};
    for_each_vector_in_turn<4>(n, [&](int64_t i, auto lanes, int which) { sums[which] += keep(term(i, lanes), lanes, 0); });
    return sum_of_lanes((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

}  // namespace leap
