/* library.cpp: what the CPU library says about itself, its dtypes, and the number of threads.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own number of OpenMP threads
 * Wants     nothing
 * Source    none
 */
#include <omp.h>

#include "simd.hpp"
#include "status.hpp"

namespace leap {
namespace {

/* More threads than this are a mistake, and libgomp ends the process when it cannot start them. */
constexpr int MAX_THREADS = 1024;

#define LEAP_TEXT_(x) #x
#define LEAP_TEXT(x) LEAP_TEXT_(x)

#if defined(__AVX512BF16__)
#define LEAP_VECTORS "AVX-512 with products of bfloat16, 16 floats a vector"
#elif defined(__AVX512F__)
#define LEAP_VECTORS "AVX-512, 16 floats a vector"
#elif defined(__AVX2__) && defined(__FMA__)
#define LEAP_VECTORS "AVX2 and FMA, 8 floats a vector"
#elif defined(__aarch64__)
#define LEAP_VECTORS "NEON, 4 floats a vector"
#else
#define LEAP_VECTORS "4 floats a vector"
#endif

#if defined(__clang__)
#define LEAP_COMPILER "clang " __clang_version__
#else
#define LEAP_COMPILER "g++ " __VERSION__
#endif

constexpr char INFO[] =
    "cpu, float32 and bfloat16, " LEAP_COMPILER ", " LEAP_ISA_LEVEL " (" LEAP_VECTORS "), OpenMP " LEAP_TEXT(_OPENMP);

}  // namespace

leap_status require_dtype(const char* operation, const char* argument, leap_dtype dtype) {
    LEAP_REQUIRE(dtype == LEAP_F32 || dtype == LEAP_BF16, LEAP_BAD_DTYPE,
                 "%s: %s=%d is not a dtype (0 is float32, 1 is bfloat16)", operation, argument, int(dtype));
    return LEAP_OK;
}

}  // namespace leap

LEAP_EXPORT const char* leap_library_info(void) { return leap::INFO; }

LEAP_EXPORT leap_status leap_set_threads(int32_t threads) {
    LEAP_REQUIRE(threads >= 1 && threads <= leap::MAX_THREADS, LEAP_BAD_ARGUMENT,
                 "set_threads: threads=%d is not in 1 .. %d", threads, leap::MAX_THREADS);
    omp_set_num_threads(threads);
    return LEAP_OK;
}
