/* attention_float32.hpp: both attentions in float32. */
#pragma once

#include "maskleap.h"

namespace leap::attention {

/* Launches float32 attention; p has been checked, and has queries. */
leap_status float32(leap_stream stream, const leap_attention_params& p);

}  // namespace leap::attention
