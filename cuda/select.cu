/* select.cu: the most confident candidates are fixed; the rest stay masked.
 *
 * What      of candidates j < masked, the to_fix first in the order (confidence descending, position ascending) are fixed:
 *           codes[b][p] = sampled[b][j];  ids[id_offsets[b * sequences_per_image + g] + position_rows[g][p]] = sampled[b][j] + id_offset
 *           new_codes, new_positions: what was fixed;  positions: what was not; both in ascending positions
 * Layouts   sampled, confidence, positions, codes, new_codes, new_positions: (B, tokens)
 * A block   takes one image, in one launch: the confidence of the last candidate to be fixed by four rounds of radix select
 *           (8 bits of its key each, from the top), then one ordered pass that ranks, scatters and compacts
 * A thread  takes one candidate of each blockDim.x of them; the confidences stay in the first-level cache over the rounds
 * Wants     positions ascending; NaN counts as -infinity; a position that is not on the grid, or a negative row, writes no
 *           code and no id
 * Source    Chang et al. 2022 (MaskGIT), section 3.2; radix select: Alabi et al. 2012
 */
#include "checks.hpp"
#include "launch.cuh"

namespace leap {
namespace {

constexpr int MAX_THREADS = 1024;
constexpr int MAX_WARPS = MAX_THREADS / WARP;
constexpr int DIGIT_BITS = 8;
constexpr int DIGITS = 1 << DIGIT_BITS;
constexpr int DIGITS_PER_LANE = DIGITS / WARP;

/* Larger for larger confidence; both zeros have one key. */
__device__ __forceinline__ uint32_t confidence_key(float confidence) {
    const uint32_t bits = __float_as_uint(confidence != confidence ? -INFINITY : confidence + 0.0f);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

/* The least key that is fixed, and how many candidates with exactly that key are. */
struct Threshold {
    uint32_t key;
    int equals;
};

/* One warp: the digit in which the `wanted`-th largest key lies, and how many of that digit's keys are wanted. */
__device__ __forceinline__ Threshold find_digit(const int* histogram, int wanted) {
    int own[DIGITS_PER_LANE], lane_sum = 0;
#pragma unroll
    for (int i = 0; i < DIGITS_PER_LANE; ++i) {  // lane 0 has the largest digits
        own[i] = histogram[DIGITS - 1 - (lane_id() * DIGITS_PER_LANE + i)];
        lane_sum += own[i];
    }
    int up_to_lane = lane_sum;
#pragma unroll
    for (int offset = 1; offset < WARP; offset *= 2) {
        const int larger = __shfl_up_sync(ALL_LANES, up_to_lane, offset);
        if (lane_id() >= offset) up_to_lane += larger;
    }
    int before = up_to_lane - lane_sum, digit = 0, rest = 0;
#pragma unroll
    for (int i = 0; i < DIGITS_PER_LANE; ++i) {
        if (before < wanted && before + own[i] >= wanted) {
            digit = DIGITS - 1 - (lane_id() * DIGITS_PER_LANE + i);
            rest = wanted - before;
        }
        before += own[i];
    }
    const int found = __ffs(int(__ballot_sync(ALL_LANES, rest > 0))) - 1;
    return {uint32_t(__shfl_sync(ALL_LANES, digit, found)), __shfl_sync(ALL_LANES, rest, found)};
}

/* The key of the `wanted`-th largest confidence of n; 1 <= wanted <= n. */
__device__ __forceinline__ Threshold find_threshold(const float* confidence, int n, int wanted) {
    LEAP_SHARED_ARRAY(int, histogram, DIGITS);
    LEAP_SHARED_ARRAY(Threshold, found, 1);
    uint32_t prefix = 0;
    for (int shift = 32 - DIGIT_BITS; shift >= 0; shift -= DIGIT_BITS) {
        for (int digit = int(threadIdx.x); digit < DIGITS; digit += int(blockDim.x)) histogram[digit] = 0;
        __syncthreads();
        for (int j = int(threadIdx.x); j < n; j += int(blockDim.x)) {
            const uint32_t key = confidence_key(confidence[j]);
            const bool same_prefix = shift == 32 - DIGIT_BITS || key >> (shift + DIGIT_BITS) == prefix;
            if (same_prefix) atomicAdd(&histogram[key >> shift & (DIGITS - 1)], 1);
        }
        __syncthreads();
        if (warp_id() == 0) {
            const Threshold digit = find_digit(histogram, wanted);
            if (lane_id() == 0) *found = digit;
        }
        __syncthreads();
        prefix = prefix << DIGIT_BITS | found->key;
        wanted = found->equals;
    }
    return {prefix, wanted};
}

/* Candidates of the block that come before the running thread, and all of them, with a larger key than the threshold and with
 * the same. Two counts of at most MAX_THREADS share an int. */
struct Ranks {
    int larger, equal, all_larger, all_equal;
};

__device__ __forceinline__ Ranks rank_in_block(bool larger, bool equal, int* counts) {
    const unsigned larger_lanes = __ballot_sync(ALL_LANES, larger);
    const unsigned equal_lanes = __ballot_sync(ALL_LANES, equal);
    const unsigned lower_lanes = (1u << lane_id()) - 1;
    if (lane_id() == 0) counts[warp_id()] = __popc(larger_lanes) | __popc(equal_lanes) << 16;
    __syncthreads();
    const int count = lane_id() < int(blockDim.x) / WARP ? counts[lane_id()] : 0;
    const int before = reduce_warp(lane_id() < warp_id() ? count : 0, Sum{});
    const int all = reduce_warp(count, Sum{});
    return {(before & 0xFFFF) + __popc(larger_lanes & lower_lanes), (before >> 16) + __popc(equal_lanes & lower_lanes),
            all & 0xFFFF, all >> 16};
}
static_assert(MAX_WARPS <= WARP, "one warp reads the counts of all warps");
static_assert(MAX_THREADS < 1 << 15, "a count fits its half of an int");

/* Modulo 2^32: a code that is none overflows nothing. */
__device__ __forceinline__ int token_id(int code, int id_offset) { return int(uint32_t(code) + uint32_t(id_offset)); }

/* Candidate j's code to its position, in the codes and in each of the image's sequences. */
__device__ __forceinline__ void scatter(const leap_select_params& p, int64_t b, int position, int code) {
    if (position < 0 || position >= p.tokens) return;
    p.codes[b * p.tokens + position] = code;
    if (!p.ids) return;
    for (int64_t g = 0; g < p.sequences_per_image; ++g) {
        const int64_t row = p.position_rows ? p.position_rows[g * p.tokens + position] : position;
        const int64_t first = p.id_offsets[b * p.sequences_per_image + g];
        if (row >= 0 && first >= 0) p.ids[first + row] = token_id(code, p.id_offset);
    }
}

__global__ void __launch_bounds__(MAX_THREADS) select_kernel(leap_select_params p) {
    LEAP_SHARED_ARRAY(int, counts, 2 * MAX_WARPS);
    const int64_t b = blockIdx.x, first = b * p.tokens;
    const int masked = int(p.step->masked < 0 ? 0 : p.step->masked < p.tokens ? p.step->masked : p.tokens);
    const int to_fix = p.step->to_fix < 0 ? 0 : p.step->to_fix < masked ? p.step->to_fix : masked;
    const Threshold threshold = to_fix > 0 ? find_threshold(p.confidence + first, masked, to_fix) : Threshold{0, 0};

    int larger_before = 0, equal_before = 0;  // of the chunks before
    for (int start = 0, chunk = 0; start < masked; start += int(blockDim.x), ++chunk) {
        const int j = start + int(threadIdx.x);
        const bool candidate = j < masked;
        const uint32_t key = candidate ? confidence_key(p.confidence[first + j]) : 0;
        const int position = candidate ? p.positions[first + j] : 0;
        const int code = candidate ? p.sampled[first + j] : 0;
        const bool larger = candidate && to_fix > 0 && key > threshold.key;
        const bool equal = candidate && to_fix > 0 && key == threshold.key;
        // Beyond this call's barrier all of the chunk's positions have been read, and those that are written lie in this chunk
        // or before it. Counts alternate, so that one barrier per chunk is enough.
        const Ranks ranks = rank_in_block(larger, equal, counts + chunk % 2 * MAX_WARPS);
        const int equal_rank = equal_before + ranks.equal;
        const int fixed_before = larger_before + ranks.larger + (equal_rank < threshold.equals ? equal_rank : threshold.equals);
        if (larger || (equal && equal_rank < threshold.equals)) {
            p.new_codes[first + fixed_before] = token_id(code, p.id_offset);
            p.new_positions[first + fixed_before] = position;
            scatter(p, b, position, code);
        } else if (candidate) {
            p.positions[first + j - fixed_before] = position;
        }
        larger_before += ranks.all_larger;
        equal_before += ranks.all_equal;
    }
    if (threadIdx.x == 0) p.new_counts[b] = to_fix;
}

}  // namespace
}  // namespace leap

LEAP_EXPORT leap_status leap_select(leap_stream stream, const leap_select_params* p) {
    using namespace leap;
    LEAP_TRY(checks::select(p));
    if (p->images == 0) return LEAP_OK;
    LEAP_REQUIRE(p->images <= MAX_GRID_X && p->tokens <= INT32_MAX - MAX_THREADS, LEAP_BAD_SHAPE,
                 "select: images=%lld and tokens=%lld are too many for one call", (long long)p->images,
                 (long long)p->tokens);
    const unsigned threads = unsigned(p->tokens < MAX_THREADS ? ceil_div<int64_t>(p->tokens + 1, WARP) * WARP : MAX_THREADS);
    return launch<select_kernel>({stream, {unsigned(p->images)}, {threads}}, *p);
}
