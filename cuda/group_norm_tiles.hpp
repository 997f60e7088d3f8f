/* group_norm_tiles.hpp: how a group norm is cut into blocks. Pure functions, for host and tests. */
#pragma once

#include <algorithm>
#include <cstdint>

namespace leap::group_norm {

inline constexpr int THREADS = 512;

/* Blocks of a multiprocessor at once, at least: the bound on registers. 1024 threads with 64 bytes on their way each are several
 * times what keeps memory busy. */
inline constexpr int BLOCKS = 2;

/* An image is cut into at most so many chunks of pixels: one for each of the two blocks that 128 multiprocessors hold. Every block
 * that normalises joins the moments of all chunks first: 256 of 32 groups are 64 KB from the second-level cache, about a microsecond;
 * a third kernel that joins them once would take longer to start. */
inline constexpr int MAX_CHUNKS = 256;

/* A chunk has at least so many elements: what the threads of a block have on their way at once. With smaller ones there would be more
 * moments to join than elements to read. */
inline constexpr int64_t CHUNK_ELEMENTS = 16 << 10;

struct Chunks {
    int count;
    int64_t pixels;  // of each but the last, which may have fewer

    constexpr int64_t pixels_of(int chunk, int64_t all_pixels) const {
        return std::min(pixels, all_pixels - chunk * pixels);
    }
};

/* Chunks of an image. They depend on nothing but its size, so that its result is the same in any batch and on any card. */
constexpr Chunks cut_pixels(int64_t pixels, int64_t C) {
    const int64_t wanted = std::clamp<int64_t>(pixels * C / CHUNK_ELEMENTS, 1, MAX_CHUNKS);
    const int64_t each = (pixels + wanted - 1) / wanted;
    return {int((pixels + each - 1) / each), each};
}

/* Groups of a block, of which each has so many packs to a pixel: whole rows while every pack has a thread of its own, which then keeps
 * to its channels; a group with more packs than threads has a block for itself. */
constexpr int groups_per_block(int64_t packs_per_group, int64_t groups) {
    return int(std::clamp<int64_t>(THREADS / packs_per_group, 1, groups));
}

}  // namespace leap::group_norm
