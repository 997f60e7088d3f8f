/* status.hpp: how a kernel says what is wrong with its arguments.
 *
 * An exported function checks everything before it writes anything, with one LEAP_REQUIRE per precondition, and the
 * sentence names the operation, the argument, what came and what is wanted.
 */
#pragma once

#include "maskleap.h"

#define LEAP_EXPORT extern "C" __attribute__((visibility("default")))

/* Returns from the calling function with `status` and a printf-style sentence unless `condition` holds. */
#define LEAP_REQUIRE(condition, status, ...)                    \
    do {                                                        \
        if (!(condition)) return leap::fail(status, __VA_ARGS__); \
    } while (false)

/* Returns from the calling function with the status of `call` unless it is LEAP_OK. */
#define LEAP_TRY(call)                                              \
    do {                                                            \
        if (const leap_status status_ = (call); status_ != LEAP_OK) \
            return status_;                                         \
    } while (false)

namespace leap {

/* Keeps the sentence for leap_last_error of this thread and returns `status`. */
leap_status fail(leap_status status, const char* format, ...) __attribute__((format(printf, 2, 3), cold));

/* LEAP_OK for the dtypes that the CPU kernels have. */
inline leap_status require_float32(const char* operation, const char* argument, leap_dtype dtype) {
    LEAP_REQUIRE(dtype != LEAP_BF16, LEAP_BAD_DTYPE, "%s: %s=bfloat16 is not supported on the CPU yet; pass float32",
                 operation, argument);
    LEAP_REQUIRE(dtype == LEAP_F32, LEAP_BAD_DTYPE, "%s: %s=%d is not a dtype (0 is float32)", operation, argument,
                 int(dtype));
    return LEAP_OK;
}

}  // namespace leap
