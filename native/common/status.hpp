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

/* LEAP_OK for the dtypes that the library's kernels have; each library defines it. */
leap_status require_dtype(const char* operation, const char* argument, leap_dtype dtype);

}  // namespace leap
