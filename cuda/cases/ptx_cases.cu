/* ptx_cases.cu: the wrappers of ptx.cuh compute what their comments say. On a GPU this verifies the wrappers; in the emulation it
 * verifies the stand-ins against the same reference, so that kernels which pass there meet no other meaning on a GPU.
 */
#include "case.hpp"
#include "launch.cuh"

namespace leap::cases {
namespace {

/* Fragments of a, b, c from global memory by the index maps of the PTX ISA, one mma, d to global memory. */
__global__ void multiply_k16(const uint16_t* a, const uint16_t* b, const float* c, float* d) {
    const int g = lane_id() / 4, t = lane_id() % 4;
    const auto pair = [](const uint16_t* at) { return uint32_t(at[0]) | uint32_t(at[1]) << 16; };
    const uint32_t a_fragment[4] = {pair(a + g * 16 + 2 * t), pair(a + (g + 8) * 16 + 2 * t), pair(a + g * 16 + 2 * t + 8),
                                    pair(a + (g + 8) * 16 + 2 * t + 8)};
    const uint32_t b_fragment[2] = {uint32_t(b[2 * t * 8 + g]) | uint32_t(b[(2 * t + 1) * 8 + g]) << 16,
                                    uint32_t(b[(2 * t + 8) * 8 + g]) | uint32_t(b[(2 * t + 9) * 8 + g]) << 16};
    float sums[4] = {c[g * 8 + 2 * t], c[g * 8 + 2 * t + 1], c[(g + 8) * 8 + 2 * t], c[(g + 8) * 8 + 2 * t + 1]};
    ptx::mma_m16n8k16(sums, a_fragment, b_fragment);
    d[g * 8 + 2 * t] = sums[0];
    d[g * 8 + 2 * t + 1] = sums[1];
    d[(g + 8) * 8 + 2 * t] = sums[2];
    d[(g + 8) * 8 + 2 * t + 1] = sums[3];
}

__global__ void multiply_k8(const uint16_t* a, const uint16_t* b, const float* c, float* d) {
    const int g = lane_id() / 4, t = lane_id() % 4;
    const auto pair = [](const uint16_t* at) { return uint32_t(at[0]) | uint32_t(at[1]) << 16; };
    const uint32_t a_fragment[2] = {pair(a + g * 8 + 2 * t), pair(a + (g + 8) * 8 + 2 * t)};
    const uint32_t b_fragment = uint32_t(b[2 * t * 8 + g]) | uint32_t(b[(2 * t + 1) * 8 + g]) << 16;
    float sums[4] = {c[g * 8 + 2 * t], c[g * 8 + 2 * t + 1], c[(g + 8) * 8 + 2 * t], c[(g + 8) * 8 + 2 * t + 1]};
    ptx::mma_m16n8k8(sums, a_fragment, b_fragment);
    d[g * 8 + 2 * t] = sums[0];
    d[g * 8 + 2 * t + 1] = sums[1];
    d[(g + 8) * 8 + 2 * t] = sums[2];
    d[(g + 8) * 8 + 2 * t + 1] = sums[3];
}

/* Eight columns of 32 rows to shared memory, then each lane's registers of ldmatrix: out[lane][register]. */
template <bool TRANSPOSED>
__global__ void load_four_matrices(const uint16_t* x, uint32_t* out) {
    LEAP_SHARED_ARRAY(uint16_t, tile, 32 * 8);
    for (int i = 0; i < 8; ++i) tile[lane_id() * 8 + i] = x[lane_id() * 8 + i];
    __syncwarp();
    uint32_t r[4];
    if constexpr (TRANSPOSED) ptx::load_matrix_x4_transposed(r, tile + lane_id() * 8);
    else ptx::load_matrix_x4(r, tile + lane_id() * 8);
    for (int i = 0; i < 4; ++i) out[lane_id() * 4 + i] = r[i];
}

template <bool TRANSPOSED>
__global__ void load_two_matrices(const uint16_t* x, uint32_t* out) {
    LEAP_SHARED_ARRAY(uint16_t, tile, 16 * 8);
    for (int i = 0; i < 4; ++i) tile[lane_id() * 4 + i] = x[lane_id() * 4 + i];
    __syncwarp();
    uint32_t r[2];
    const uint16_t* row = tile + lane_id() % 16 * 8;
    if constexpr (TRANSPOSED) ptx::load_matrix_x2_transposed(r, row);
    else ptx::load_matrix_x2(r, row);
    for (int i = 0; i < 2; ++i) out[lane_id() * 2 + i] = r[i];
}

__global__ void copy_valid(const float* x, float* y, int valid) {
    LEAP_SHARED_ARRAY(float, tile, 4 * WARP);
    ptx::copy_async_16(tile + 4 * lane_id(), x + 4 * lane_id(), lane_id() < valid);
    ptx::copy_async_commit();
    ptx::copy_async_wait<0>();
    __syncwarp();
    for (int i = 0; i < 4; ++i) y[4 * lane_id() + i] = tile[4 * lane_id() + i];
}

__global__ void round_all(const float* x, uint16_t* single, uint32_t* pairs, int n) {
    for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) {
        single[i] = ptx::round_to_bf16(x[i]);
        pairs[i] = ptx::pack_bf16x2(x[i], -x[i]);
    }
}

__global__ void exponentials(const float* x, float* powers, float* logarithms, int n) {
    for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) {
        powers[i] = ptx::exp2_approximate(x[i]);
        logarithms[i] = ptx::log2_approximate(fabsf(x[i]));
    }
}

__global__ void reciprocals(const float* x, float* y, int n) {
    for (int i = int(threadIdx.x); i < n; i += int(blockDim.x)) y[i] = ptx::reciprocal_approximate(x[i]);
}

/* Seven words of x in stores of 1, 2 and 4, one after another. */
__global__ void store_all(const uint32_t* x, uint32_t* y) {
    if (lane_id() != 0) return;
    const uint32_t four[4] = {x[0], x[1], x[2], x[3]}, two[2] = {x[4], x[5]}, one[1] = {x[6]};
    ptx::store_words(y, four);
    ptx::store_words(y + 4, two);
    ptx::store_words(y + 6, one);
}

std::vector<uint16_t> bits_of(const std::vector<Bf16>& x) {
    std::vector<uint16_t> bits(x.size());
    for (std::size_t i = 0; i < x.size(); ++i) bits[i] = x[i].bits;
    return bits;
}

/* d = a b + c with K columns of a, against float64. */
template <auto kernel, int K>
void check_multiply() {
    Random random;
    const auto a = random.normals<Bf16>(16 * K), b = random.normals<Bf16>(K * 8);
    const auto c = random.normals<float>(16 * 8);
    Buffer<uint16_t> a_device(bits_of(a)), b_device(bits_of(b));
    Buffer<float> c_device(c), d_device(16 * 8);
    expect_ok(launch<kernel>({stream(), {1}, {WARP}}, a_device.data(), b_device.data(), c_device.data(), d_device.data()));
    std::vector<double> reference(16 * 8), plain(16 * 8);
    for (int i = 0; i < 16; ++i)
        for (int j = 0; j < 8; ++j) {
            double sum = c[i * 8 + j];
            float plain_sum = c[i * 8 + j];
            for (int k = 0; k < K; ++k) {
                sum += to_double(a[i * K + k]) * to_double(b[k * 8 + j]);
                plain_sum += float(a[i * K + k]) * float(b[k * 8 + j]);
            }
            reference[i * 8 + j] = sum;
            plain[i * 8 + j] = plain_sum;
        }
    expect_close("d", d_device.read(), reference, plain);
}

/* r[lane][m] = the elements (lane / 4, 2 (lane % 4)) and the next of matrix m, or of its transpose. */
template <auto kernel, int MATRICES>
void check_load(bool transposed) {
    std::vector<uint16_t> x(MATRICES * 64);
    for (std::size_t i = 0; i < x.size(); ++i) x[i] = uint16_t(i * 257 + 1);
    Buffer<uint16_t> x_device(x);
    Buffer<uint32_t> out(WARP * MATRICES);
    expect_ok(launch<kernel>({stream(), {1}, {WARP}}, x_device.data(), out.data()));
    std::vector<uint32_t> wanted(WARP * MATRICES);
    for (int l = 0; l < WARP; ++l)
        for (int m = 0; m < MATRICES; ++m) {
            const int i = l / 4, j = 2 * (l % 4);
            const auto element = [&](int row, int column) -> uint32_t {
                return transposed ? x[m * 64 + column * 8 + row] : x[m * 64 + row * 8 + column];
            };
            wanted[l * MATRICES + m] = element(i, j) | element(i, j + 1) << 16;
        }
    expect_equal("registers", out.read(), wanted);
}

}  // namespace

LEAP_CASES(ptx) {
    define("mma m16n8k16", [] { check_multiply<multiply_k16, 16>(); });
    define("mma m16n8k8", [] { check_multiply<multiply_k8, 8>(); });
    define("ldmatrix x4", [] { check_load<load_four_matrices<false>, 4>(false); });
    define("ldmatrix x4 transposed", [] { check_load<load_four_matrices<true>, 4>(true); });
    define("ldmatrix x2", [] { check_load<load_two_matrices<false>, 2>(false); });
    define("ldmatrix x2 transposed", [] { check_load<load_two_matrices<true>, 2>(true); });
    for (int valid : {0, 1, 17, 32})
        define(text("cp.async, %d of 32 valid", valid), [valid] {
            Random random;
            const auto x = random.normals<float>(4 * WARP);
            Buffer<float> x_device(x), y_device(4 * WARP);
            expect_ok(launch<copy_valid>({stream(), {1}, {WARP}}, x_device.data(), y_device.data(), valid));
            std::vector<float> wanted = x;
            std::fill(wanted.begin() + 4 * valid, wanted.end(), 0.0f);
            expect_equal("y", y_device.read(), wanted);
        });
    define("rounding to bfloat16", [] {
        Random random;
        std::vector<float> x = random.normals<float>(1000, 1e3);
        const float awkward[] = {0.0f, -0.0f, 1.00390625f, 1.01171875f, 3.4028235e38f, INFINITY, -INFINITY, 1e-40f};
        x.insert(x.end(), std::begin(awkward), std::end(awkward));
        const int n = int(x.size());
        Buffer<float> x_device(x);
        Buffer<uint16_t> single(n);
        Buffer<uint32_t> pairs(n);
        expect_ok(launch<round_all>({stream(), {1}, {WARP}}, x_device.data(), single.data(), pairs.data(), n));
        std::vector<uint16_t> wanted(n);
        std::vector<uint32_t> wanted_pairs(n);
        for (int i = 0; i < n; ++i) {
            wanted[i] = Bf16(x[i]).bits;
            wanted_pairs[i] = uint32_t(Bf16(-x[i]).bits) << 16 | wanted[i];
        }
        expect_equal("single", single.read(), wanted);
        expect_equal("pairs", pairs.read(), wanted_pairs);
    });
    define("approximate exponentials and logarithms", [] {
        Random random;
        std::vector<float> x = random.normals<float>(2000, 30);
        for (float special : {0.0f, -INFINITY, 1.0f, 126.0f, -126.0f, -200.0f}) x.push_back(special);
        const int n = int(x.size());
        Buffer<float> x_device(x), powers(n), logarithms(n);
        expect_ok(launch<exponentials>({stream(), {1}, {WARP}}, x_device.data(), powers.data(), logarithms.data(), n));
        const std::vector<float> power = powers.read(), logarithm = logarithms.read();
        for (int i = 0; i < n; ++i) {
            const double p = std::exp2(double(x[i])), l = std::log2(std::abs(double(x[i])));
            expect(std::abs(power[i] - p) <= std::max(0x1p-22 * p, 0x1p-126), "2^%.9g is %.9g", x[i], power[i]);
            expect(power[i] == power[i] && (logarithm[i] == l || std::abs(logarithm[i] - l) <= 0x1p-21 * std::max(1.0, std::abs(l))),
                   "log2(%.9g) is %.9g", std::abs(x[i]), logarithm[i]);
        }
    });
    define("approximate reciprocals", [] {
        Random random;
        std::vector<float> x = random.normals<float>(2000, 30);
        for (float special : {1.0f, 2.0f, -4.0f, 0x1p-126f, 3.0e38f, 1e-40f, 0.0f, INFINITY}) x.push_back(special);
        const int n = int(x.size());
        Buffer<float> x_device(x), y_device(n);
        expect_ok(launch<reciprocals>({stream(), {1}, {WARP}}, x_device.data(), y_device.data(), n));
        const std::vector<float> y = y_device.read();
        for (int i = 0; i < n; ++i) {
            const double wanted = std::abs(x[i]) < 0x1p-126f ? INFINITY : 1 / double(x[i]);
            expect(y[i] == wanted || std::abs(y[i] - wanted) <= std::max(0x1p-23 * std::abs(wanted), 0x1p-126), "1 / %.9g is %.9g", x[i],
                   y[i]);
        }
    });
    define("stores of words", [] {
        const std::vector<uint32_t> x{1, 20, 300, 4000, 50000, 600000, 7000000};
        Buffer<uint32_t> x_device(x), y_device(7);
        expect_ok(launch<store_all>({stream(), {1}, {WARP}}, x_device.data(), y_device.data()));
        expect_equal("y", y_device.read(), x);
    });
}

}  // namespace leap::cases
