/* row_tiles.hpp: how many threads share a row that stays in their registers. Pure functions, for host and tests. */
#pragma once

#include <cstdint>

namespace leap {

/* Elements of a pack, and packs of a thread: a row of 32 floats and as many of an addend are about 120 registers, so 16 warps
 * fit a multiprocessor, with some 6 KB on their way each: several times what keeps memory busy. */
inline constexpr int ROW_PACK = 4;
inline constexpr int ROW_PACKS = 8;

/* Threads of one row of C elements: a warp while it can hold the row, for it needs no barrier; then blocks. 0: the row does not
 * stay in registers, because it is too long or its packs are not aligned. */
constexpr int row_threads(int64_t C, bool aligned) {
    if (!aligned) return 0;
    for (int threads : {32, 128, 512})
        if (C <= int64_t(threads) * ROW_PACK * ROW_PACKS) return threads;
    return 0;
}

/* Rows of one block: short rows share one, so that a multiprocessor's slots for blocks are no limit. */
constexpr int rows_per_block(int threads) { return threads == 32 ? 4 : 1; }

}  // namespace leap
