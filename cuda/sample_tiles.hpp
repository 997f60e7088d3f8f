/* sample_tiles.hpp: how many threads sample a row. A pure function, for host and tests. */
#pragma once

#include <cstdint>

#include "row_tiles.hpp"

namespace leap {

struct SampleTile {
    int threads, packs;  // of a row; packs of ROW_PACK elements per thread
    int blocks;          // of a multiprocessor at once, at least

    constexpr int64_t capacity() const { return int64_t(threads) * packs * ROW_PACK; }
};

/* From small to large. Few packs per thread make a row quick, many keep the reductions over a row cheap: 1024 codes are 8
 * elements for each of 128 threads, 8192 are 16 for each of 512. While one row waits at its barriers another must load: 1024
 * threads of several rows at once, with 64 registers each, hold 128 KB of logits on their way. The last tile has the row and
 * its unconditional twin in 64 registers alone. */
inline constexpr SampleTile SAMPLE_TILES[] = {{128, 2, 8}, {256, 4, 4}, {512, 4, 2}, {512, 8, 1}};

inline constexpr int64_t MAX_SAMPLED_CODES = SAMPLE_TILES[3].capacity();

/* Index of the smallest tile that holds V codes; -1 where none does. */
constexpr int sample_tile(int64_t V) {
    for (int i = 0; i < 4; ++i)
        if (V <= SAMPLE_TILES[i].capacity()) return i;
    return -1;
}

}  // namespace leap
