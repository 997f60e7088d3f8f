/* library.cpp: what the library says about itself, the last error's sentence, and the number of threads.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own error sentence and its own number of OpenMP threads
 * Wants     nothing
 * Source    none
 */
#include <omp.h>

#include <cstdarg>
#include <cstdio>

#include "simd.hpp"
#include "status.hpp"

#ifndef MASKLEAP_MARCH
#define MASKLEAP_MARCH "the compiler's default"
#endif

namespace leap {
namespace {

/* More threads than this are a mistake, and libgomp ends the process when it cannot start them. */
constexpr int MAX_THREADS = 1024;

thread_local char last_error[512] = "";

#define LEAP_TEXT_(x) #x
#define LEAP_TEXT(x) LEAP_TEXT_(x)

#if defined(__AVX512F__)
#define LEAP_ISA "AVX-512, 16 floats a vector"
#elif defined(__AVX2__) && defined(__FMA__)
#define LEAP_ISA "AVX2 and FMA, 8 floats a vector"
#elif defined(__AVX__)
#define LEAP_ISA "AVX, 8 floats a vector"
#elif defined(__aarch64__)
#define LEAP_ISA "NEON, 4 floats a vector"
#else
#define LEAP_ISA "4 floats a vector"
#endif

#if defined(__clang__)
#define LEAP_COMPILER "clang " __clang_version__
#else
#define LEAP_COMPILER "g++ " __VERSION__
#endif

constexpr char INFO[] =
    "cpu, float32, " LEAP_COMPILER ", -march=" MASKLEAP_MARCH " (" LEAP_ISA "), OpenMP " LEAP_TEXT(_OPENMP);

}  // namespace

leap_status fail(leap_status status, const char* format, ...) {
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(last_error, sizeof last_error, format, arguments);
    va_end(arguments);
    return status;
}

}  // namespace leap

LEAP_EXPORT int32_t leap_abi_version(void) { return LEAP_ABI_VERSION; }

LEAP_EXPORT int64_t leap_struct_bytes(int32_t which) {
    switch (which) {
        case LEAP_STRUCT_ATTENTION: return sizeof(leap_attention_params);
        case LEAP_STRUCT_ADD_NORM: return sizeof(leap_add_norm_params);
        case LEAP_STRUCT_EMBED: return sizeof(leap_embed_params);
        case LEAP_STRUCT_GATHER: return sizeof(leap_gather_params);
        case LEAP_STRUCT_STEP: return sizeof(leap_step);
        case LEAP_STRUCT_SAMPLE: return sizeof(leap_sample_params);
        case LEAP_STRUCT_SELECT: return sizeof(leap_select_params);
        default: return -1;
    }
}

LEAP_EXPORT const char* leap_library_info(void) { return leap::INFO; }

LEAP_EXPORT const char* leap_last_error(void) { return leap::last_error; }

LEAP_EXPORT leap_status leap_set_threads(int32_t threads) {
    LEAP_REQUIRE(threads >= 1 && threads <= leap::MAX_THREADS, LEAP_BAD_ARGUMENT,
                 "set_threads: threads=%d is not in 1 .. %d", threads, leap::MAX_THREADS);
    omp_set_num_threads(threads);
    return LEAP_OK;
}
