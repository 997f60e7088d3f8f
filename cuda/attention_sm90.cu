/* attention_sm90.cu: bidirectional attention on Hopper's own instructions.
 *
 * What      out[t][h] = sum_j softmax_j(scale * q[t][h] . k[j][h']) v[j][h'],  h' = h / (heads / kv_heads)
 *           q[t][h][d] = q[t * q_stride + h * head_dim + d], and so k, v, out
 * Layouts   packed rows of all sequences; bfloat16, products and softmax statistics float32, weights rounded to bfloat16 for
 *           the second product. In shared memory a tile of 128 rows is one panel for each 64 columns, swizzled (ptx_sm90.cuh)
 * A block   takes 128 queries of one head of one sequence, and goes once over the keys, 128 at a time, in two stages
 * A warp    of the first group lets the copy engine fill the stages; two groups of four warps take 64 queries each. While a
 *           group's second product of a tile runs, it exponentiates the scores of the next, and the other group's products
 *           fill the gaps
 * Wants     head_dim 48, 64 or 128; scale > 0; rows and heads on 16 bytes; out aliases nothing; no keys: out is 0
 * Source    Shah et al. 2024 (FlashAttention-3), sections 3.1 and 3.2
 */
#include "attention_sm90.hpp"

#include <cstdlib>
#include <cstring>

#include "attention_sequence.cuh"
#include "tensor_map.cuh"

namespace leap::attention {
namespace {

constexpr int ROWS = 128;        // queries of a block
constexpr int KEYS = 128;        // of a tile
constexpr int STAGES = 2;
constexpr int GROUP_THREADS = 4 * WARP;
constexpr int CONSUMERS = 2;
constexpr int THREADS = (1 + CONSUMERS) * GROUP_THREADS;

/* A panel: 64 columns of a tile's rows. */
constexpr int PANEL_COLUMNS = BOX_COLUMNS;
constexpr int PANEL_ROW_BYTES = PANEL_COLUMNS * int(sizeof(bf16));
constexpr int PANEL_BYTES = KEYS * PANEL_ROW_BYTES;
static_assert(ROWS == BOX_ROWS && KEYS == BOX_ROWS, "a panel of queries, keys or values is one box");

constexpr int panels(int head) { return (head + PANEL_COLUMNS - 1) / PANEL_COLUMNS; }
constexpr int tile_bytes(int head) { return panels(head) * PANEL_BYTES; }

/* Queries, then stages of keys and values, then the barriers. */
constexpr std::size_t shared_bytes(int head) { return std::size_t(1 + 2 * STAGES) * tile_bytes(head) + 256; }

/* The copy engine's view of the three tensors. */
struct Maps {
    ptx::TensorMap q, k, v;
};

#if defined(LEAP_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)

constexpr int GROUP_ROWS = 64;  // queries of a warpgroup
constexpr int EIGHT_ROWS = 8 * PANEL_ROW_BYTES;

/* Complete when a tile has come, or when all readers are done with it. */
struct Barriers {
    uint64_t queries;
    uint64_t keys[STAGES], values[STAGES];
    uint64_t keys_free[STAGES], values_free[STAGES];
    uint64_t last_values;  // the last tile, before its rows behind the keys are cleared
};

template <int HEAD>
struct Shared {
    std::byte* queries;
    std::byte* stages;
    Barriers* barriers;

    __device__ __forceinline__ explicit Shared(std::byte* memory)
        : queries(memory),
          stages(memory + tile_bytes(HEAD)),
          barriers(reinterpret_cast<Barriers*>(memory + (1 + 2 * STAGES) * tile_bytes(HEAD))) {}

    __device__ __forceinline__ std::byte* keys(int tile) const { return stages + tile % STAGES * 2 * tile_bytes(HEAD); }
    __device__ __forceinline__ std::byte* values(int tile) const { return keys(tile) + tile_bytes(HEAD); }
};

/* Parity of the phase in which the stage holds this tile. */
__device__ __forceinline__ uint32_t parity_of(int tile) { return uint32_t(tile / STAGES % 2); }

/* ---- the warp that loads -------------------------------------------------------------------------------------- */

template <int HEAD>
__device__ __forceinline__ void load(std::byte* tile, const ptx::TensorMap& map, int head, int64_t row, uint64_t* barrier) {
    ptx::barrier_arrive_expecting(barrier, tile_bytes(HEAD));
#pragma unroll
    for (int panel = 0; panel < panels(HEAD); ++panel)
        ptx::copy_box(tile + panel * PANEL_BYTES, &map, panel * PANEL_COLUMNS, head, int(row), barrier);
}

/* Rows from `first` on become 0: a weight of 0 times whatever lies behind the keys must be 0. */
template <int HEAD>
__device__ __forceinline__ void clear_rows(std::byte* tile, int first) {
    for (int i = lane_id(); i < panels(HEAD) * (KEYS - first) * PANEL_ROW_BYTES / ACCESS_BYTES; i += WARP) {
        constexpr int UNITS = PANEL_ROW_BYTES / ACCESS_BYTES;
        const int row = first + i / UNITS % (KEYS - first), panel = i / UNITS / (KEYS - first);
        *reinterpret_cast<uint4*>(tile + panel * PANEL_BYTES + row * PANEL_ROW_BYTES + i % UNITS * ACCESS_BYTES) = uint4{};
    }
}

template <int HEAD>
__device__ __forceinline__ void produce(const Shared<HEAD>& shared, const Maps& maps, const Sequence& sequence, int h, int kv_h,
                                        int64_t first_row) {
    Barriers& barriers = *shared.barriers;
    const int tiles = ceil_div(sequence.keys, KEYS);
    const bool leads = lane_id() == 0;
    if (leads) load<HEAD>(shared.queries, maps.q, h, first_row, &barriers.queries);
    for (int tile = 0; tile < tiles; ++tile) {
        const int stage = tile % STAGES;
        const int64_t row = sequence.first_key + int64_t(tile) * KEYS;
        const int count = sequence.keys - tile * KEYS;
        const bool cut = count < KEYS;
        if (leads) {
            ptx::barrier_wait(&barriers.keys_free[stage], parity_of(tile) ^ 1);
            load<HEAD>(shared.keys(tile), maps.k, kv_h, row, &barriers.keys[stage]);
            ptx::barrier_wait(&barriers.values_free[stage], parity_of(tile) ^ 1);
            load<HEAD>(shared.values(tile), maps.v, kv_h, row, cut ? &barriers.last_values : &barriers.values[stage]);
        }
        if (!cut) continue;
        ptx::barrier_wait(&barriers.last_values, 0);
        clear_rows<HEAD>(shared.values(tile), count);
        ptx::fence_shared_for_engines();
        __syncwarp();
        if (leads) ptx::barrier_arrive(&barriers.values[stage]);
    }
}

/* ---- the groups that compute ------------------------------------------------------------------------------------ */

template <int HEAD>
class GroupRows {
public:
    __device__ __forceinline__ GroupRows(const Shared<HEAD>& shared, int group, float scale)
        : shared_(shared), queries_(shared.queries + group * GROUP_ROWS * PANEL_ROW_BYTES), log2_scale_(scale * 1.44269504f) {
#pragma unroll
        for (int i = 0; i < HEAD / 2; ++i) out_[i] = 0;
#pragma unroll
        for (int half = 0; half < 2; ++half) maximum_[half] = -INFINITY, sum_[half] = 0;
    }

    /* Attends to all keys. */
    __device__ __forceinline__ void attend(int keys) {
        Barriers& barriers = *shared_.barriers;
        const int tiles = ceil_div(keys, KEYS);
        ptx::barrier_wait(&barriers.queries, 0);
        float scores[KEYS / 2];
        float correction[2];
        wait_for_keys(0);
        begin_scores(0, scores);
        ptx::products_wait<0>();
        ptx::hold(scores);
        release(barriers.keys_free[0]);
        exponentiate(scores, keys, correction);
        if (tiles > 1) wait_for_keys(1);
        pack(scores);
        for (int tile = 1; tile < tiles; ++tile) {
            begin_scores(tile, scores);
            correct_out(correction);
            begin_values(tile - 1);
            ptx::products_wait<1>();
            ptx::hold(scores);
            release(barriers.keys_free[tile % STAGES]);
            exponentiate(scores, keys - tile * KEYS, correction);
            // Keys are waited for here, before they are needed, because a branch ends ptxas's basic block: without one it moves the
            // wait for the values to before the exponentials, and the two no longer overlap.
            if (tile + 1 < tiles) wait_for_keys(tile + 1);
            finish_values(tile - 1);
            pack(scores);
        }
        correct_out(correction);
        begin_values(tiles - 1);
        finish_values(tiles - 1);
    }

    /* out = the weighted sums over the sum of weights, of rows that exist. */
    __device__ __forceinline__ void store(const leap_attention_params& p, int64_t first_row, int rows, int64_t column) const {
        const int t = lane_id() % 4;
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            const float sum = reduce_warp<4>(sum_[half], Sum{});
            const float inverse = maximum_[half] == -INFINITY && sum_[half] == 0 ? 0.0f : 1.0f / sum;
            const int row = warp_id() % 4 * 16 + half * 8 + lane_id() / 4;
            if (row >= rows) continue;
            bf16* to = static_cast<bf16*>(p.out) + (first_row + row) * p.out_stride + column + 2 * t;
#pragma unroll
            for (int n = 0; n < HEAD / 8; ++n)
                *reinterpret_cast<uint32_t*>(to + 8 * n) =
                    ptx::pack_bf16x2(out_[4 * n + 2 * half] * inverse, out_[4 * n + 2 * half + 1] * inverse);
        }
    }

private:
    static constexpr int STEP = 16;  // the depth of one product

    const Shared<HEAD>& shared_;
    const std::byte* queries_;
    float log2_scale_;
    float out_[HEAD / 2];            // accumulators of (64, HEAD)
    uint32_t weights_[KEYS / STEP][4];
    float maximum_[2], sum_[2];      // of rows g and g + 8; sums are each lane's own until store()

    /* One arrival for each warp: all of it has read. */
    static __device__ __forceinline__ void release(uint64_t& barrier) {
        __syncwarp();
        if (lane_id() == 0) ptx::barrier_arrive(&barrier);
    }

    __device__ __forceinline__ void wait_for_keys(int tile) {
        ptx::barrier_wait(&shared_.barriers->keys[tile % STAGES], parity_of(tile));
    }

    /* Brings what was summed up to the maximum that the next values' weights are relative to. */
    __device__ __forceinline__ void correct_out(const float (&correction)[2]) {
#pragma unroll
        for (int i = 0; i < HEAD / 2; ++i) out_[i] *= correction[i / 2 % 2];
    }

    /* Issues scores = queries times the keys of a tile that has come. */
    __device__ __forceinline__ void begin_scores(int tile, float (&scores)[KEYS / 2]) {
        const std::byte* keys = shared_.keys(tile);
        ptx::products_begin();
#pragma unroll
        for (int d = 0; d < HEAD; d += STEP) {
            const int offset = d / PANEL_COLUMNS * PANEL_BYTES + d % PANEL_COLUMNS * int(sizeof(bf16));
            ptx::multiply_m64n128k16(scores, ptx::matrix_in_shared(queries_ + offset, 0, EIGHT_ROWS),
                                     ptx::matrix_in_shared(keys + offset, 0, EIGHT_ROWS), d > 0);
        }
        ptx::products_commit();
    }

    /* Issues out += weights times the values of a tile. */
    __device__ __forceinline__ void begin_values(int tile) {
        ptx::barrier_wait(&shared_.barriers->values[tile % STAGES], parity_of(tile));
        const std::byte* values = shared_.values(tile);
        ptx::products_begin();
#pragma unroll
        for (int step = 0; step < KEYS / STEP; ++step) {
            const uint64_t b = ptx::matrix_in_shared(values + step * STEP * PANEL_ROW_BYTES, PANEL_BYTES, EIGHT_ROWS);
            if constexpr (HEAD == 48) ptx::multiply_values_m64n48k16(out_, weights_[step], b);
            if constexpr (HEAD == 64) ptx::multiply_values_m64n64k16(out_, weights_[step], b);
            if constexpr (HEAD == 128) ptx::multiply_values_m64n128k16(out_, weights_[step], b);
        }
        ptx::products_commit();
    }

    __device__ __forceinline__ void finish_values(int tile) {
        ptx::products_wait<0>();
        ptx::hold(out_);
#pragma unroll
        for (auto& fragment : weights_) ptx::hold(fragment);
        release(shared_.barriers->values_free[tile % STAGES]);
    }

    /* Scores become weights relative to the new maximum; correction: what brings earlier sums to it. Keys from `valid` on do not
     * exist. */
    __device__ __forceinline__ void exponentiate(float (&scores)[KEYS / 2], int valid, float (&correction)[2]) {
        if (valid < KEYS) {
            const int t = lane_id() % 4;
#pragma unroll
            for (int i = 0; i < KEYS / 2; ++i)
                if (i / 4 * 8 + 2 * t + i % 2 >= valid) scores[i] = -INFINITY;
        }
#pragma unroll
        for (int half = 0; half < 2; ++half) {
            float largest = maximum_[half];
#pragma unroll
            for (int i = 2 * half; i < KEYS / 2; i += 4) largest = fmaxf(largest, fmaxf(scores[i], scores[i + 1]));
            largest = reduce_warp<4>(largest, [](float a, float b) { return fmaxf(a, b); });
            correction[half] =
                maximum_[half] == -INFINITY ? 0.0f : ptx::exp2_approximate((maximum_[half] - largest) * log2_scale_);
            maximum_[half] = largest;
            const float shift = -largest * log2_scale_;
            float sum = 0;
#pragma unroll
            for (int i = 2 * half; i < KEYS / 2; i += 4) {
                scores[i] = ptx::exp2_approximate(fmaf(scores[i], log2_scale_, shift));
                scores[i + 1] = ptx::exp2_approximate(fmaf(scores[i + 1], log2_scale_, shift));
                sum += scores[i] + scores[i + 1];
            }
            sum_[half] = sum_[half] * correction[half] + sum;
        }
    }

    /* The weights as the second product's left operand. */
    __device__ __forceinline__ void pack(const float (&scores)[KEYS / 2]) {
#pragma unroll
        for (int step = 0; step < KEYS / STEP; ++step)
#pragma unroll
            for (int i = 0; i < 4; ++i)
                weights_[step][i] = ptx::pack_bf16x2(scores[8 * step + 2 * i], scores[8 * step + 2 * i + 1]);
    }
};

#endif

template <int HEAD>
__global__ void __launch_bounds__(THREADS, 1)
    attention_sm90_kernel(leap_attention_params p, const __grid_constant__ Maps maps) {
#if defined(LEAP_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
    const Sequence sequence(p, int(blockIdx.z));
    const int first = int(blockIdx.x) * ROWS;
    if (first >= sequence.queries) return;
    const int groups = sequence.queries - first > GROUP_ROWS ? CONSUMERS : 1;  // that have rows
    LEAP_DYNAMIC_SHARED(memory);
    const Shared<HEAD> shared(memory);
    if (threadIdx.x == 0) {
        Barriers& barriers = *shared.barriers;
        ptx::barrier_init(&barriers.queries, 1);
        ptx::barrier_init(&barriers.last_values, 1);
        for (int stage = 0; stage < STAGES; ++stage) {
            ptx::barrier_init(&barriers.keys[stage], 1);
            ptx::barrier_init(&barriers.values[stage], 1);
            ptx::barrier_init(&barriers.keys_free[stage], 4 * groups);
            ptx::barrier_init(&barriers.values_free[stage], 4 * groups);
        }
        ptx::barrier_init_done();
    }
    __syncthreads();

    const int h = int(blockIdx.y), kv_h = h / (p.heads / p.kv_heads);
    const int64_t first_row = sequence.first_query + first;
    // 40 registers for the threads of one group and 232 for those of two are what 168 for those of three are.
    if (warp_id() < 4) {
        ptx::give_registers<40>();
        if (warp_id() == 0 && sequence.keys > 0) produce<HEAD>(shared, maps, sequence, h, kv_h, first_row);
    } else {
        ptx::take_registers<232>();
        const int group = warp_id() / 4 - 1;
        if (group >= groups) return;
        GroupRows<HEAD> own(shared, group, p.scale);
        if (sequence.keys > 0) own.attend(sequence.keys);
        own.store(p, first_row + group * GROUP_ROWS, sequence.queries - first - group * GROUP_ROWS, int64_t(h) * HEAD);
    }
#endif
}

/* ---- host -------------------------------------------------------------------------------------------------------------- */

template <int HEAD>
leap_status run(leap_stream stream, const leap_attention_params& p) {
    Maps maps;
    LEAP_TRY(make_tensor_map(maps.q, p.q, p.q_rows, p.heads, p.head_dim, p.q_stride));
    // Without keys there is nothing to describe, and nothing is read.
    const bool any_keys = p.k_rows > 0 && p.max_keys > 0;
    LEAP_TRY(make_tensor_map(maps.k, any_keys ? p.k : p.q, any_keys ? p.k_rows : 1, any_keys ? p.kv_heads : 1, p.head_dim,
                      any_keys ? p.k_stride : p.q_stride));
    LEAP_TRY(make_tensor_map(maps.v, any_keys ? p.v : p.q, any_keys ? p.k_rows : 1, any_keys ? p.kv_heads : 1, p.head_dim,
                      any_keys ? p.v_stride : p.q_stride));
    return launch<attention_sm90_kernel<HEAD>>({stream, grid(p, ROWS), {THREADS}, shared_bytes(HEAD)}, p, maps);
}

}  // namespace

Choice parse_choice(const char* value) {
    if (!value || std::strcmp(value, "auto") == 0) return Choice::AUTO;
    if (std::strcmp(value, "sm80") == 0) return Choice::SM80;
    if (std::strcmp(value, "sm90") == 0) return Choice::SM90;
    return Choice::UNKNOWN;
}

bool fits_sm90(const leap_attention_params& p) {
    const auto on_16_bytes = [](const void* pointer, int64_t stride) { return is_aligned(pointer, 16) && stride % 8 == 0; };
    return p.dtype == LEAP_BF16 && (p.head_dim == 48 || p.head_dim == 64 || p.head_dim == 128) && p.scale > 0 &&
           p.q_rows <= INT32_MAX && p.k_rows <= INT32_MAX && on_16_bytes(p.q, p.q_stride) && on_16_bytes(p.k, p.k_stride) &&
           on_16_bytes(p.v, p.v_stride) && is_aligned(p.out, 4) && p.out_stride % 2 == 0;
}

leap_status choose_sm90(const leap_attention_params& p, bool& use) {
    constexpr const char* VARIABLE = "MASKLEAP_CUDA_ATTENTION";
    static const char* const value = std::getenv(VARIABLE);
    static const Choice choice = parse_choice(value);
    LEAP_REQUIRE(choice != Choice::UNKNOWN, LEAP_BAD_ARGUMENT, "attention: %s=%s is not auto, sm80 or sm90", VARIABLE, value);
    use = false;
    if (choice == Choice::SM80 || (choice == Choice::AUTO && !SM90_VERIFIED)) return LEAP_OK;
    DeviceProperties device;
    LEAP_TRY(device_properties(device));
    const bool hopper = device.compute_capability == 90;  // sm_90a code runs on nothing else
    LEAP_REQUIRE(hopper || choice != Choice::SM90, LEAP_BAD_ARGUMENT,
                 "attention: %s=sm90 asks for Hopper, and the device has compute capability %d.%d", VARIABLE,
                 device.compute_capability / 10, device.compute_capability % 10);
    use = hopper && fits_sm90(p);
    return LEAP_OK;
}

leap_status sm90(leap_stream stream, const leap_attention_params& p) {
    switch (p.head_dim) {
        case 48: return run<48>(stream, p);
        case 64: return run<64>(stream, p);
        default: return run<128>(stream, p);
    }
}

}  // namespace leap::attention
