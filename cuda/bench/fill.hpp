/* fill.hpp: random operands, made where they are needed. */
#pragma once

#include <cstdint>

#include "case.hpp"

namespace leap::bench {

/* x = about normal numbers with this deviation, different for every element: zeros would run faster than real data. */
void fill_normal(float* x, int64_t n, float deviation);
void fill_normal(cases::Bf16* x, int64_t n, float deviation);

}  // namespace leap::bench
