/* ptx_sm90_cases.cu: the wrappers of ptx_sm90.cuh compute what their comments say, one step of attention_sm90.cu at a time: a box by
 * the copy engine, the first product, the second product. Where attention on Hopper is wrong, these say which of them is.
 */
#include "case.hpp"
#include "launch.cuh"
#include "tensor_map.cuh"

namespace leap::cases {
namespace {

constexpr int GROUP = 4 * WARP;
constexpr int ROW_BYTES = BOX_COLUMNS * int(sizeof(bf16));
constexpr int PANEL_BYTES = BOX_ROWS * ROW_BYTES;
[[maybe_unused]] constexpr int EIGHT_ROWS = 8 * ROW_BYTES;  // in device code only
constexpr int PRODUCT_ROWS = 64;

constexpr int panels(int columns) { return (columns + BOX_COLUMNS - 1) / BOX_COLUMNS; }

/* ---- kernels: one warpgroup each ---------------------------------------------------------------------------------- */

#if defined(LEAP_EMULATED) || defined(__CUDA_ARCH_FEAT_SM90_ALL)
#define LEAP_HOPPER_CODE 1

/* The barrier of one phase that all boxes of the kernel count on. */
struct Boxes {
    uint64_t* barrier;

    __device__ explicit Boxes(uint64_t* barrier) : barrier(barrier) {
        if (threadIdx.x == 0) {
            ptx::barrier_init(barrier, 1);
            ptx::barrier_init_done();
        }
        __syncthreads();
    }

    /* One thread: panels of the head's columns, from a row on. */
    __device__ void load(std::byte* to, const ptx::TensorMap& map, int columns, int head, int row) const {
        for (int panel = 0; panel < panels(columns); ++panel)
            ptx::copy_box(to + panel * PANEL_BYTES, &map, panel * BOX_COLUMNS, head, row, barrier);
    }
};
#endif

/* out[row][column] = the element that a product would find there: the box, with the swizzle undone. */
__global__ void __launch_bounds__(GROUP) box_kernel(const __grid_constant__ ptx::TensorMap map, int head, int row, uint16_t* out) {
#if defined(LEAP_HOPPER_CODE)
    LEAP_DYNAMIC_SHARED(memory);
    const Boxes boxes(reinterpret_cast<uint64_t*>(memory + PANEL_BYTES));
    if (threadIdx.x == 0) {
        ptx::barrier_arrive_expecting(boxes.barrier, PANEL_BYTES);
        boxes.load(memory, map, BOX_COLUMNS, head, row);
    }
    ptx::barrier_wait(boxes.barrier, 0);
    for (int i = int(threadIdx.x); i < BOX_ROWS * BOX_COLUMNS; i += GROUP) {
        const int r = i / BOX_COLUMNS, unit = i % BOX_COLUMNS / 8 ^ r % 8;
        out[i] = reinterpret_cast<const uint16_t*>(memory + r * ROW_BYTES + unit * ACCESS_BYTES)[i % 8];
    }
#endif
}

/* out (64, 128) = the first 64 rows of a times the 128 rows of b, along their HEAD columns. */
template <int HEAD>
__global__ void __launch_bounds__(GROUP)
    scores_kernel(const __grid_constant__ ptx::TensorMap a, const __grid_constant__ ptx::TensorMap b, float* out) {
#if defined(LEAP_HOPPER_CODE)
    constexpr int TILE_BYTES = panels(HEAD) * PANEL_BYTES;
    LEAP_DYNAMIC_SHARED(memory);
    const Boxes boxes(reinterpret_cast<uint64_t*>(memory + 2 * TILE_BYTES));
    if (threadIdx.x == 0) {
        ptx::barrier_arrive_expecting(boxes.barrier, 2 * TILE_BYTES);
        boxes.load(memory, a, HEAD, 0, 0);
        boxes.load(memory + TILE_BYTES, b, HEAD, 0, 0);
    }
    ptx::barrier_wait(boxes.barrier, 0);
    float d[64];
    ptx::products_begin();
#pragma unroll
    for (int k = 0; k < HEAD; k += 16) {
        const int offset = k / BOX_COLUMNS * PANEL_BYTES + k % BOX_COLUMNS * int(sizeof(bf16));
        ptx::multiply_m64n128k16(d, ptx::matrix_in_shared(memory + offset, 0, EIGHT_ROWS),
                                 ptx::matrix_in_shared(memory + TILE_BYTES + offset, 0, EIGHT_ROWS), k > 0);
    }
    ptx::products_commit();
    ptx::products_wait<0>();
    ptx::hold(d);
    for (int i = 0; i < 64; ++i) {
        const int row = 16 * warp_id() + lane_id() / 4 + i / 2 % 2 * 8, column = i / 4 * 8 + 2 * (lane_id() % 4) + i % 2;
        out[row * BOX_ROWS + column] = d[i];
    }
#endif
}

/* out (64, HEAD) = weights (64, 128) times the 128 rows of b. */
template <int HEAD>
__global__ void __launch_bounds__(GROUP)
    values_kernel(const uint16_t* weights, const __grid_constant__ ptx::TensorMap b, float* out) {
#if defined(LEAP_HOPPER_CODE)
    constexpr int TILE_BYTES = panels(HEAD) * PANEL_BYTES;
    LEAP_DYNAMIC_SHARED(memory);
    const Boxes boxes(reinterpret_cast<uint64_t*>(memory + TILE_BYTES));
    if (threadIdx.x == 0) {
        ptx::barrier_arrive_expecting(boxes.barrier, TILE_BYTES);
        boxes.load(memory, b, HEAD, 0, 0);
    }
    ptx::barrier_wait(boxes.barrier, 0);
    const int g = 16 * warp_id() + lane_id() / 4, t = lane_id() % 4;
    uint32_t a[BOX_ROWS / 16][4];
    for (int step = 0; step < BOX_ROWS / 16; ++step)
        for (int i = 0; i < 4; ++i)
            a[step][i] = *reinterpret_cast<const uint32_t*>(weights + (g + i % 2 * 8) * BOX_ROWS + 16 * step + i / 2 * 8 + 2 * t);
    float d[HEAD / 2] = {};
    ptx::products_begin();
#pragma unroll
    for (int step = 0; step < BOX_ROWS / 16; ++step) {
        const uint64_t values = ptx::matrix_in_shared(memory + step * 16 * ROW_BYTES, PANEL_BYTES, EIGHT_ROWS);
        if constexpr (HEAD == 48) ptx::multiply_values_m64n48k16(d, a[step], values);
        if constexpr (HEAD == 64) ptx::multiply_values_m64n64k16(d, a[step], values);
        if constexpr (HEAD == 128) ptx::multiply_values_m64n128k16(d, a[step], values);
    }
    ptx::products_commit();
    ptx::products_wait<0>();
    ptx::hold(d);
    for (int i = 0; i < HEAD / 2; ++i) out[(g + i / 2 % 2 * 8) * HEAD + i / 4 * 8 + 2 * t + i % 2] = d[i];
#endif
}

/* ---- cases ------------------------------------------------------------------------------------------------------------ */

void need_hopper() {
    DeviceProperties device;
    expect_ok(device_properties(device));
    if (device.compute_capability != 90) throw LeftOut();
}

/* Bytes of so many panels and a barrier. */
LaunchShape one_group(int panel_count) { return {stream(), {1}, {GROUP}, std::size_t(panel_count) * PANEL_BYTES + 64}; }

/* Small integers, whose products and sums are exact. */
std::vector<Bf16> integers(int64_t n, uint64_t seed) {
    Random random(seed);
    std::vector<Bf16> x(n);
    for (Bf16& value : x) value = Bf16(float(random.below(9) - 4));
    return x;
}

uint16_t* bits_of(Buffer<Bf16>& buffer) { return &buffer.data()->bits; }

template <int HEAD>
void check_scores() {
    need_hopper();
    const auto a = integers(PRODUCT_ROWS * HEAD, 1), b = integers(BOX_ROWS * HEAD, 2);
    Buffer<Bf16> a_device(a), b_device(b);
    Buffer<float> out(PRODUCT_ROWS * BOX_ROWS);
    ptx::TensorMap a_map, b_map;
    expect_ok(make_tensor_map(a_map, a_device.data(), PRODUCT_ROWS, 1, HEAD, HEAD));  // a box has 64 rows more: zeros
    expect_ok(make_tensor_map(b_map, b_device.data(), BOX_ROWS, 1, HEAD, HEAD));
    expect_ok(launch<scores_kernel<HEAD>>(one_group(2 * panels(HEAD)), a_map, b_map, out.data()));
    std::vector<float> wanted(PRODUCT_ROWS * BOX_ROWS);
    for (int i = 0; i < PRODUCT_ROWS; ++i)
        for (int j = 0; j < BOX_ROWS; ++j)
            for (int d = 0; d < HEAD; ++d) wanted[i * BOX_ROWS + j] += float(a[i * HEAD + d]) * float(b[j * HEAD + d]);
    expect_equal("out", out.read(), wanted);
}

template <int HEAD>
void check_values() {
    need_hopper();
    const auto weights = integers(PRODUCT_ROWS * BOX_ROWS, 1), b = integers(BOX_ROWS * HEAD, 2);
    Buffer<Bf16> weights_device(weights), b_device(b);
    Buffer<float> out(PRODUCT_ROWS * HEAD);
    ptx::TensorMap b_map;
    expect_ok(make_tensor_map(b_map, b_device.data(), BOX_ROWS, 1, HEAD, HEAD));
    expect_ok(launch<values_kernel<HEAD>>(one_group(panels(HEAD)), bits_of(weights_device), b_map, out.data()));
    std::vector<float> wanted(PRODUCT_ROWS * HEAD);
    for (int i = 0; i < PRODUCT_ROWS; ++i)
        for (int j = 0; j < BOX_ROWS; ++j)
            for (int d = 0; d < HEAD; ++d) wanted[i * HEAD + d] += float(weights[i * BOX_ROWS + j]) * float(b[j * HEAD + d]);
    expect_equal("out", out.read(), wanted);
}

}  // namespace

LEAP_CASES(ptx_sm90) {
    // Boxes within the tensor, and beyond its ends: what is not there is 0.
    for (const auto& [rows, head_dim, row] : {std::tuple{300, 64, 100}, {300, 48, 200}, {40, 24, 0}, {300, 128, 172}})
        define(text("a box of %d x 3 x %d from row %d", rows, head_dim, row), [=] {
            need_hopper();
            const int heads = 3, head = 1, stride = heads * head_dim + 8;
            Random random;
            const auto x = random.normals<Bf16>(rows * stride);
            Buffer<Bf16> x_device(x), out(BOX_ROWS * BOX_COLUMNS);
            ptx::TensorMap map;
            expect_ok(make_tensor_map(map, x_device.data(), rows, heads, head_dim, stride));
            expect_ok(launch<box_kernel>(one_group(1), map, head, row, bits_of(out)));
            std::vector<Bf16> wanted(BOX_ROWS * BOX_COLUMNS);
            for (int r = 0; r < BOX_ROWS && row + r < rows; ++r)
                for (int c = 0; c < BOX_COLUMNS && c < head_dim; ++c)
                    wanted[r * BOX_COLUMNS + c] = x[(row + r) * stride + head * head_dim + c];
            expect_equal("out", out.read(), wanted);
        });
    define("scores of heads of 48", check_scores<48>);
    define("scores of heads of 64", check_scores<64>);
    define("scores of heads of 128", check_scores<128>);
    define("weighted values of heads of 48", check_values<48>);
    define("weighted values of heads of 64", check_values<64>);
    define("weighted values of heads of 128", check_values<128>);
}

}  // namespace leap::cases
