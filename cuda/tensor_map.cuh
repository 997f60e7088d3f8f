/* tensor_map.cuh: how the bulk tensor copy engine sees packed rows of heads. */
#pragma once

#include "ptx_sm90.cuh"
#include "status.hpp"

namespace leap {

/* A box is BOX_ROWS rows of BOX_COLUMNS elements of one head: in shared memory rows of 128 bytes, swizzled (ptx_sm90.cuh). */
inline constexpr int BOX_ROWS = 128;
inline constexpr int BOX_COLUMNS = 64;

/* (rows, heads, head_dim) bfloat16 at `base`, rows `stride` elements apart; base and strides are on 16 bytes. Coordinates of a box
 * are (element, head, row). LEAP_DEVICE_ERROR where the driver refuses it. */
leap_status make_tensor_map(ptx::TensorMap& map, const void* base, int64_t rows, int heads, int head_dim, int64_t stride);

}  // namespace leap
