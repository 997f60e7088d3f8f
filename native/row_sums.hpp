/* row_sums.hpp: sums over one row, as the norms need them. */
#pragma once

#include "simd.hpp"

namespace leap {

/* sum over the row of term(index, lanes), with so many sums side by side that additions do not wait for each other. */
template <class Term>
LEAP_INLINE float sum_row(int64_t n, Term&& term) {
    Vec a{}, b{}, c{}, d{};
    int64_t i = 0;
    for (; i + 4 * LANES <= n; i += 4 * LANES) {
        a += term(i, AllLanes{});
        b += term(i + LANES, AllLanes{});
        c += term(i + 2 * LANES, AllLanes{});
        d += term(i + 3 * LANES, AllLanes{});
    }
    for_each_vector(n - i, [&](int64_t rest, auto lanes) { a += keep(term(i + rest, lanes), lanes, 0); });
    return sum_of_lanes((a + b) + (c + d));
}

}  // namespace leap
