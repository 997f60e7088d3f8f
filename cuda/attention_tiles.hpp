/* attention_tiles.hpp: how attention is cut for the tensor cores of sm_80 and up. Pure functions, for host and tests. */
#pragma once

#include <cstddef>

namespace leap::attention {

/* Head sizes with a kernel of their own, each a multiple of 8. Another size runs in the next one, zero-padded at load. */
inline constexpr int HEADS[] = {16, 24, 32, 48, 64, 80, 96, 128};

/* The least size with a kernel that holds head_dim. */
constexpr int padded_head(int head_dim) {
    for (int head : HEADS)
        if (head_dim <= head) return head;
    return 0;
}

/* Bytes from row to row of a tile in shared memory: an odd number of 16-byte units, so that the eight rows of an ldmatrix lie
 * in eight different groups of banks. */
constexpr int row_bytes(int head) { return head / 8 % 2 == 1 ? head * 2 : head * 2 + 16; }

/* Keys of a tile in shared memory. */
inline constexpr int TILE_KEYS = 64;

/* Keys of a group: the depth of one product of weights and values. The last tile goes group by group, so 1025 keys cost 1040,
 * not 1088. */
inline constexpr int GROUP_KEYS = 16;

/* Rows of one mma. */
inline constexpr int MMA_ROWS = 16;

struct AttentionTile {
    int warps;
    int row_tiles;  // of MMA_ROWS rows for each warp
    int step_keys;  // keys whose scores a warp holds at once
    int blocks;     // of a multiprocessor at once, at least: the bound on registers

    constexpr int rows() const { return warps * row_tiles * MMA_ROWS; }
    constexpr int threads() const { return warps * 32; }
};

/* A fragment of keys or values from shared memory serves row_tiles products: with one, shared memory (128 bytes a clock) is as
 * busy as the tensor cores; with two it is not. Two need registers for two rows of out, which heads above 64 do not leave.
 * Those take eight warps instead, since every block reads all keys and values from the second-level cache: 128 rows to a block
 * halve that traffic. Either way a block has 128 rows. The running maximum is looked at once for step_keys keys: 64 where the
 * registers hold the scores of so many. */
constexpr AttentionTile attention_tile(int head) {
    if (head <= 48) return {4, 2, 64, 2};
    if (head == 64) return {4, 2, 32, 2};
    return {8, 1, 64, 1};
}

/* Two stages of keys and values. */
constexpr std::size_t attention_shared_bytes(int head) { return std::size_t(2) * 2 * TILE_KEYS * row_bytes(head); }

/* ---- cross-attention --------------------------------------------------------------------------------------- */

inline constexpr int CROSS_WARPS = 4;
inline constexpr int CROSS_ROWS = CROSS_WARPS * MMA_ROWS;

/* Keys that are on chip at once; more are gone over in batches. */
inline constexpr int CROSS_KEYS = 128;

/* Rows of keys, and of values, in a block's shared memory: whole groups. */
constexpr int cross_keys_on_chip(int max_keys) {
    const int keys = max_keys < CROSS_KEYS ? max_keys : CROSS_KEYS;
    return (keys + GROUP_KEYS - 1) / GROUP_KEYS * GROUP_KEYS;
}

constexpr std::size_t cross_shared_bytes(int head, int max_keys) {
    return std::size_t(2) * cross_keys_on_chip(max_keys) * row_bytes(head);
}

/* Tiles of CROSS_ROWS queries that one block streams past its keys: as many as leave every multiprocessor four blocks, for
 * with few queries what counts is that all of the chip works, and with many that keys are not loaded again and again. */
constexpr int cross_tiles_per_block(int max_queries, int heads, int sequences, int multiprocessors) {
    const long long tiles = (max_queries + CROSS_ROWS - 1) / CROSS_ROWS;
    const long long wanted = tiles * heads * sequences / (4LL * multiprocessors);
    return int(wanted < 1 ? 1 : wanted > 8 ? 8 : wanted);
}

}  // namespace leap::attention
