/* parallel.hpp: when a kernel uses threads, and how it cuts its work.
 *
 * Pieces have fixed sizes, whatever the number of threads, and no result depends on which thread computes a piece. So the
 * number of threads changes no bit. A kernel uses either all threads or one: teams of other sizes make libgomp end and
 * start threads, which costs more than it gains.
 */
#pragma once

#include <omp.h>

#include <cstdint>

namespace leap {

/* Below this many elements read and written one thread is faster: waking the others costs a few microseconds. */
inline constexpr int64_t PARALLEL_ELEMENTS = 32 * 1024;

constexpr int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }

}  // namespace leap
