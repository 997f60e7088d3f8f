/* ptx_sm90.hpp: the functions of ptx_sm90.cuh with the same meaning in plain C++. Copies of the engine take place when they are
 * issued, or when somebody waits for their barrier; products when they are issued, or when they are waited for: operands that
 * change in between change the result.
 */
#pragma once

#include "ptx.hpp"
#include "simt.hpp"

namespace leap::ptx {

/* ---- barriers in shared memory ------------------------------------------------------------------------------ */

/* What the eight bytes hold here; the hardware's own form is not specified. */
struct BarrierState {
    uint16_t arrivals;         // of a phase
    uint16_t pending : 15;     // arrivals of this phase that are still to come
    uint16_t phase : 1;
    int32_t bytes;             // that are still to come
};
static_assert(sizeof(BarrierState) == sizeof(uint64_t));

inline BarrierState& state_of(uint64_t* barrier) { return *reinterpret_cast<BarrierState*>(barrier); }

inline void complete_phase_if_done(BarrierState& state) {
    if (state.pending > 0 || state.bytes != 0) return;
    state.phase ^= 1;
    state.pending = state.arrivals;
    simt::made_progress();
}

inline void barrier_init(uint64_t* barrier, int arrivals) {
    state_of(barrier) = {uint16_t(arrivals), uint16_t(arrivals), 0, 0};
}

inline void barrier_init_done() {}

inline void barrier_arrive_expecting(uint64_t* barrier, uint32_t bytes) {
    BarrierState& state = state_of(barrier);
    if (state.pending == 0) simt::fault("mbarrier: more arrivals than the %d of a phase", state.arrivals);
    state.bytes += int32_t(bytes);
    --state.pending;
    complete_phase_if_done(state);
}

inline void barrier_arrive(uint64_t* barrier) { barrier_arrive_expecting(barrier, 0); }

inline void barrier_wait(uint64_t* barrier, uint32_t parity) {
    simt::finish_late_work(barrier);
    while (state_of(barrier).phase == parity) {
        simt::poll("mbarrier.try_wait", barrier);
        simt::finish_late_work(barrier);
    }
}

/* ---- the copy engine -------------------------------------------------------------------------------------------- */

/* A tensor of bfloat16, innermost dimension first, and the box that a copy takes. */
struct TensorMap {
    const std::byte* base;
    int64_t size[3];
    int64_t stride_bytes[3];
    int box[3];  // box[0] is 64 elements: one swizzled row of 128 bytes
};

/* The address at which the 128-byte swizzle has what would lie at this one: 16-byte units are exchanged within a row. */
inline std::byte* swizzled(std::byte* address) {
    const auto bits = reinterpret_cast<std::uintptr_t>(address);
    return reinterpret_cast<std::byte*>(bits ^ (bits >> 7 & 7) << 4);
}

inline void copy_box(void* shared, const TensorMap* map, int x, int y, int z, uint64_t* barrier) {
    if (reinterpret_cast<std::uintptr_t>(shared) % 1024 != 0) simt::fault("cp.async.bulk.tensor: %p is not aligned to 1024", shared);
    simt::work_late(barrier, [=, tensor = *map] {
        auto* target = static_cast<std::byte*>(shared);
        for (int k = 0; k < tensor.box[2]; ++k)
            for (int j = 0; j < tensor.box[1]; ++j)
                for (int i = 0; i < tensor.box[0]; ++i, target += sizeof(uint16_t)) {
                    const int64_t at[3] = {x + i, y + j, z + k};
                    uint16_t element = 0;
                    bool inside = true;
                    int64_t offset = 0;
                    for (int d = 0; d < 3; ++d) {
                        inside = inside && at[d] >= 0 && at[d] < tensor.size[d];
                        offset += at[d] * tensor.stride_bytes[d];
                    }
                    if (inside) std::memcpy(&element, tensor.base + offset, sizeof element);
                    std::memcpy(swizzled(target), &element, sizeof element);
                }
        BarrierState& state = state_of(barrier);
        state.bytes -= tensor.box[0] * tensor.box[1] * tensor.box[2] * int(sizeof(uint16_t));
        complete_phase_if_done(state);
    });
}

inline void fence_shared_for_engines() {}

/* ---- registers ------------------------------------------------------------------------------------------------------ */

template <int COUNT>
void give_registers() {}
template <int COUNT>
void take_registers() {}

/* ---- products of a warpgroup ------------------------------------------------------------------------------------------ */

inline void products_begin() { simt::exchange_in_warp("wgmma.fence", 0); }
inline void products_commit() { simt::products().commit(); }

template <int GROUPS>
void products_wait() {
    simt::exchange_in_warp("wgmma.wait_group", 0);
    simt::products().wait(GROUPS);
}

template <int N>
void hold(float (&)[N]) {}
template <int N>
void hold(uint32_t (&)[N]) {}

inline uint64_t matrix_in_shared(const void* start, uint32_t leading_bytes, uint32_t stride_bytes) {
    const uint32_t address = simt::shared_address(start);
    if (address % 16 != 0 || address >= 1u << 18) simt::fault("wgmma: a matrix cannot start at shared address %u", address);
    return uint64_t(stride_bytes >> 4) << 32 | uint64_t(leading_bytes >> 4) << 16 | address >> 4;
}

/* One element of a matrix by its descriptor. */
struct SharedMatrix {
    std::byte* start;
    int64_t leading, stride;

    explicit SharedMatrix(uint64_t descriptor)
        : start(static_cast<std::byte*>(simt::shared_pointer(uint32_t(descriptor & 0xFFFF) << 4))),
          leading(int64_t(descriptor >> 16 & 0xFFFF) << 4),
          stride(int64_t(descriptor >> 32 & 0xFFFF) << 4) {}

    static float at(std::byte* address) {
        uint16_t bits;
        std::memcpy(&bits, swizzled(address), sizeof bits);
        return __uint_as_float(uint32_t(bits) << 16);
    }

    /* Rows are contiguous along the depth. */
    float row_major(int row, int depth) const { return at(start + row / 8 * stride + row % 8 * 128 + depth * 2); }

    /* Rows run along the depth, columns are contiguous. */
    float depth_major(int depth, int column) const {
        return at(start + column / 64 * leading + depth / 8 * stride + depth % 8 * 128 + column % 64 * 2);
    }
};

/* visit(row within the warpgroup, column, accumulator) for the accumulators of the running thread. */
template <int ACCUMULATORS, class Visit>
void for_each_accumulator(float (&d)[ACCUMULATORS], Visit&& visit) {
    const int warp = int(threadIdx.x) / 32 % 4, g = simt::lane() / 4, t = simt::lane() % 4;
    for (int i = 0; i < ACCUMULATORS; ++i) visit(16 * warp + g + i / 2 % 2 * 8, i / 4 * 8 + 2 * t + i % 2, d[i]);
}

inline void multiply_m64n128k16(float (&d)[64], uint64_t a, uint64_t b, bool accumulate) {
    simt::products().issue([=, d = &d] {
        const SharedMatrix left(a), right(b);
        for_each_accumulator(*d, [&](int row, int column, float& sum) {
            if (!accumulate) sum = 0;
            for (int k = 0; k < 16; ++k) sum = std::fma(left.row_major(row, k), right.row_major(column, k), sum);
        });
    });
}

template <int ACCUMULATORS>
void multiply_values(float (&d)[ACCUMULATORS], const uint32_t (&a)[4], uint64_t b) {
    simt::products().issue([=, d = &d, a = &a] {
        struct Fragment {
            uint32_t a[4];
        };
        const auto all = simt::exchange_in_warp("wgmma with a in registers", Fragment{{(*a)[0], (*a)[1], (*a)[2], (*a)[3]}});
        const SharedMatrix right(b);
        const int g = simt::lane() / 4;
        for_each_accumulator(*d, [&](int row, int column, float& sum) {
            for (int k = 0; k < 16; ++k) {
                const uint32_t pair = all[4 * g + k % 8 / 2].a[row % 16 / 8 + k / 8 * 2];
                sum = std::fma(k % 2 == 0 ? low_half(pair) : high_half(pair), right.depth_major(k, column), sum);
            }
        });
    });
}

inline void multiply_values_m64n48k16(float (&d)[24], const uint32_t (&a)[4], uint64_t b) { multiply_values(d, a, b); }
inline void multiply_values_m64n64k16(float (&d)[32], const uint32_t (&a)[4], uint64_t b) { multiply_values(d, a, b); }
inline void multiply_values_m64n128k16(float (&d)[64], const uint32_t (&a)[4], uint64_t b) { multiply_values(d, a, b); }

}  // namespace leap::ptx
