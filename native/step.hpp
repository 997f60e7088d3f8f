/* step.hpp: the preconditions on device memory that the kernels of one sampling step share. */
#pragma once

#include "status.hpp"

namespace leap {

/* LEAP_OK where the step's counts fit the grid. */
inline leap_status check_step(const char* name, const leap_step* step, int64_t images, int64_t tokens) {
    if (images == 0) return LEAP_OK;
    LEAP_REQUIRE(step->masked >= 0 && step->masked <= tokens, LEAP_BAD_ARGUMENT,
                 "%s: step.masked=%d is not in 0 .. tokens=%lld", name, step->masked, (long long)tokens);
    LEAP_REQUIRE(step->to_fix >= 0 && step->to_fix <= step->masked, LEAP_BAD_ARGUMENT,
                 "%s: step.to_fix=%d is not in 0 .. step.masked=%d", name, step->to_fix, step->masked);
    return LEAP_OK;
}

/* LEAP_OK where the masked rows fit a buffer of `row_capacity` rows. */
inline leap_status check_row_capacity(const char* name, const leap_step& step, int64_t row_capacity) {
    LEAP_REQUIRE(step.masked <= row_capacity, LEAP_BAD_ARGUMENT, "%s: step.masked=%d exceeds row_capacity=%lld", name,
                 step.masked, (long long)row_capacity);
    return LEAP_OK;
}

/* LEAP_OK where the first `masked` positions of every image lie on the grid. */
inline leap_status check_positions(const char* name, const int32_t* positions, int64_t images, int64_t masked,
                                   int64_t tokens) {
    for (int64_t b = 0; b < images; ++b)
        for (int64_t j = 0; j < masked; ++j) {
            const int32_t position = positions[b * tokens + j];
            LEAP_REQUIRE(position >= 0 && position < tokens, LEAP_BAD_ARGUMENT,
                         "%s: positions[%lld][%lld]=%d is not on the grid of %lld tokens", name, (long long)b,
                         (long long)j, position, (long long)tokens);
        }
    return LEAP_OK;
}

/* LEAP_OK where no row that a checked position maps to is negative. */
inline leap_status check_position_rows(const char* name, const int32_t* position_rows, int64_t sequences_per_image, int64_t tokens) {
    if (!position_rows) return LEAP_OK;
    for (int64_t i = 0; i < sequences_per_image * tokens; ++i)
        LEAP_REQUIRE(position_rows[i] >= 0, LEAP_BAD_ARGUMENT, "%s: position_rows[%lld][%lld]=%d is negative", name,
                     (long long)(i / tokens), (long long)(i % tokens), position_rows[i]);
    return LEAP_OK;
}

}  // namespace leap
