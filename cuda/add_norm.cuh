/* add_norm.cuh: the residual add and the norm after it, for either norm.
 *
 * A Norm has Residual, the residual's type; Statistics; statistics(row sums) and y(element, statistics, gamma, beta).
 * Rows in registers are read once and written once. Others, too long or not aligned, are gone over again by a block, which
 * finds them in the second-level cache.
 */
#pragma once

#include "elementwise.cuh"
#include "row.cuh"

namespace leap {

/* Weights come as a file has them: not always on 16 bytes. */
template <int THREADS>
__device__ __forceinline__ void load_weights(const float* from, int C, bool aligned, Row<THREADS>& to) {
    if (aligned) return to.load(from, C);
    to.for_each_pack(C, [&](int c, float(&pack)[ROW_PACK]) {
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i) pack[i] = from[c + i];
    });
}

template <class Norm, class Delta, class Y, int THREADS>
__global__ void __launch_bounds__(Row<THREADS>::BLOCK, 512 / Row<THREADS>::BLOCK)
    add_norm_in_registers(leap_add_norm_params p, bool aligned_weights) {
    using Residual = typename Norm::Residual;
    LEAP_SHARED_ARRAY(float, scratch, Row<THREADS>::SCRATCH);
    const int64_t r = Row<THREADS>::index();
    if (r >= p.rows) return;
    const int C = int(p.C);
    Residual* residual = static_cast<Residual*>(p.residual) + r * C;
    const Delta* delta = p.delta ? static_cast<const Delta*>(p.delta) + r * C : nullptr;
    Y* y = static_cast<Y*>(p.y) + r * C;

    Row<THREADS> row;
    row.load(residual, C);
    if (delta) {
        Row<THREADS> addend;  // loaded whole before it is used: both rows are on their way together
        addend.load(delta, C);
#pragma unroll
        for (int k = 0; k < ROW_PACKS; ++k)
#pragma unroll
            for (int i = 0; i < ROW_PACK; ++i) row.x[k][i] = rounded_to<Residual>(row.x[k][i] + addend.x[k][i]);
        row.for_each_pack(C, [&](int c, float(&pack)[ROW_PACK]) { store_floats<ROW_PACK>(residual + c, pack); });
    }
    Row<THREADS> gamma, beta;  // on their way while the row is summed up: a first look at them goes to the second-level cache
    load_weights(p.gamma, C, aligned_weights, gamma);
    if constexpr (Norm::HAS_BETA) load_weights(p.beta, C, aligned_weights, beta);
    const auto sum = [&](auto&& term) { return row.reduce(C, 0.0f, term, Sum{}, scratch); };
    const auto statistics = Norm::statistics(sum, C, p.eps);
#pragma unroll
    for (int k = 0; k < ROW_PACKS; ++k)
#pragma unroll
        for (int i = 0; i < ROW_PACK; ++i)
            row.x[k][i] = Norm::y(row.x[k][i], statistics, gamma.x[k][i], Norm::HAS_BETA ? beta.x[k][i] : 0);
    row.for_each_pack(C, [&](int c, float(&pack)[ROW_PACK]) { store_floats<ROW_PACK>(y + c, pack); });
}

inline constexpr int ADD_NORM_THREADS = 256;

template <class Norm, class Delta, class Y>
__global__ void __launch_bounds__(ADD_NORM_THREADS) add_norm_in_memory(leap_add_norm_params p) {
    using Residual = typename Norm::Residual;
    LEAP_SHARED_ARRAY(float, scratch, ADD_NORM_THREADS / WARP);
    const int64_t r = blockIdx.x;
    Residual* residual = static_cast<Residual*>(p.residual) + r * p.C;
    if (p.delta) {
        const Delta* delta = static_cast<const Delta*>(p.delta) + r * p.C;
        for (int64_t c = threadIdx.x; c < p.C; c += ADD_NORM_THREADS)
            residual[c] = from_float<Residual>(to_float(residual[c]) + to_float(delta[c]));
    }
    // Each thread reads only what it has written itself.
    const auto sum = [&](auto&& term) {
        float own = 0;
        for (int64_t c = threadIdx.x; c < p.C; c += ADD_NORM_THREADS) own += term(to_float(residual[c]));
        return reduce_block<ADD_NORM_THREADS>(own, Sum{}, scratch);
    };
    const auto statistics = Norm::statistics(sum, p.C, p.eps);
    Y* y = static_cast<Y*>(p.y) + r * p.C;
    for (int64_t c = threadIdx.x; c < p.C; c += ADD_NORM_THREADS)
        y[c] = from_float<Y>(Norm::y(to_float(residual[c]), statistics, p.gamma[c], Norm::HAS_BETA ? p.beta[c] : 0.0f));
}

template <class Norm, class Delta, class Y>
leap_status launch_add_norm(leap_stream stream, const leap_add_norm_params& p) {
    const bool aligned = fits_packs(ROW_PACK, p.C, {{p.residual, sizeof(typename Norm::Residual), p.C},
                                                    {p.delta, sizeof(Delta), p.C},
                                                    {p.y, sizeof(Y), p.C}});
    const bool weights = fits_packs(ROW_PACK, p.C, {{p.gamma, sizeof(float), p.C}, {p.beta, sizeof(float), p.C}});
    LEAP_REQUIRE(p.rows <= MAX_GRID_X, LEAP_BAD_SHAPE, "add_norm: rows=%lld are too many for one call", (long long)p.rows);
    switch (row_threads(p.C, aligned)) {
        case 32: return launch<add_norm_in_registers<Norm, Delta, Y, 32>>({stream, row_grid<32>(p.rows), {Row<32>::BLOCK}}, p,
                                                                             weights);
        case 128: return launch<add_norm_in_registers<Norm, Delta, Y, 128>>({stream, row_grid<128>(p.rows), {128}}, p, weights);
        case 512: return launch<add_norm_in_registers<Norm, Delta, Y, 512>>({stream, row_grid<512>(p.rows), {512}}, p, weights);
        default: return launch<add_norm_in_memory<Norm, Delta, Y>>({stream, {unsigned(p.rows)}, {ADD_NORM_THREADS}}, p);
    }
}

/* By the dtypes of delta and y. */
template <class Norm>
leap_status dispatch_add_norm(leap_stream stream, const leap_add_norm_params& p) {
    if (p.rows == 0 || p.C == 0) return LEAP_OK;
    const bool delta_f32 = !p.delta || p.delta_dtype == LEAP_F32;
    if (p.y_dtype == LEAP_F32)
        return delta_f32 ? launch_add_norm<Norm, float, float>(stream, p) : launch_add_norm<Norm, bf16, float>(stream, p);
    return delta_f32 ? launch_add_norm<Norm, float, bf16>(stream, p) : launch_add_norm<Norm, bf16, bf16>(stream, p);
}

}  // namespace leap
