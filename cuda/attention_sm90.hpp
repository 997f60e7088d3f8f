/* attention_sm90.hpp: when attention runs on Hopper's own instructions, and the call that does it. */
#pragma once

#include "device_properties.hpp"

namespace leap::attention {

/* True once a record under benchmarks/results/ shows that a GPU has verified attention_sm90.cu: until then it runs only where
 * MASKLEAP_CUDA_ATTENTION=sm90 asks for it. */
inline constexpr bool SM90_VERIFIED = false;

/* Which attention kernel the environment variable MASKLEAP_CUDA_ATTENTION asks for. */
enum class Choice { AUTO, SM80, SM90, UNKNOWN };

/* By its value; null is AUTO. */
Choice parse_choice(const char* value);

/* True where attention_sm90.cu has a kernel for the head and the copy engine can read the tensors: rows and heads on 16 bytes. The
 * scale must be positive, and the rows fit its coordinates. */
bool fits_sm90(const leap_attention_params& p);

/* LEAP_OK, and in `use` whether this call runs on Hopper's instructions. LEAP_BAD_ARGUMENT where the variable asks for what there
 * is not; shapes that they do not take run on those of sm_80 whatever it says. */
leap_status choose_sm90(const leap_attention_params& p, bool& use);

/* Launches; p has been checked, has queries, and fits. */
leap_status sm90(leap_stream stream, const leap_attention_params& p);

}  // namespace leap::attention
