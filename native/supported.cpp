/* supported.cpp: whether this processor has the instructions that the library was compiled for. This file alone is compiled for
 * any processor of the architecture, so that it can say no on all of them.
 *
 * What      no computation
 * Layouts   none
 * A thread  may ask at any time, also where nothing else of the library can run
 * Wants     LEAP_ISA_LEVEL: the level's name, and LEAP_ISA_NUMBER: 0 for what every processor has, then 3, 4 and 5
 * Source    x86-64 psABI, section 3.1.1 (the levels)
 */
#include "status.hpp"

namespace {

bool is_supported() {
#if defined(__x86_64__)
    __builtin_cpu_init();
    const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
                    __builtin_cpu_supports("bmi2");
    const bool v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                    __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    switch (LEAP_ISA_NUMBER) {
        case 3: return v3;
        case 4: return v4;
        case 5: return v4 && __builtin_cpu_supports("avx512bf16");
        default: break;
    }
#endif
    return true;
}

}  // namespace

LEAP_EXPORT int32_t leap_is_supported(void) {
    if (is_supported()) return 1;
    leap::fail(LEAP_DEVICE_ERROR, "this processor lacks instructions of %s", LEAP_ISA_LEVEL);
    return 0;
}
