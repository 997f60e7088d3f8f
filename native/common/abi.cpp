/* abi.cpp: what every library of this ABI answers in the same words: its version, its structs' sizes, the last error.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own error sentence
 * Wants     nothing
 * Source    none
 */
#include <cstdarg>
#include <cstdio>

#include "status.hpp"

namespace leap {
namespace {

thread_local char last_error[512] = "";

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
        case LEAP_STRUCT_ROPE: return sizeof(leap_rope_params);
        case LEAP_STRUCT_GROUP_NORM: return sizeof(leap_group_norm_params);
        default: return -1;
    }
}

LEAP_EXPORT const char* leap_last_error(void) { return leap::last_error; }
