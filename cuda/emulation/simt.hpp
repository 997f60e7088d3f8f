/* simt.hpp: CUDA's execution model on the CPU, as far as our kernels use it. device.cuh includes it in place of
 * <cuda_runtime.h> where LEAP_EMULATED is defined, and the .cu files then compile as plain C++20.
 *
 * The threads of a block are fibers of one operating-system thread, and blocks run one after another. A thread runs until it
 * must wait: for its warp (shuffles, votes, mma), for its block (barriers), or for a condition (mbarriers). What runs next is
 * drawn from the schedule's seed, as unkindly as the model allows: a warp often runs to its next barrier before another
 * has started, and an asynchronous copy takes place at once or at the last moment. Shared memory is NaN at a block's
 * start and lies in heap blocks of exact size, so that AddressSanitizer sees every step beyond it.
 *
 * A kernel that breaks a rule of the model (a warp operation without all its lanes, a misaligned ldmatrix, a barrier that
 * not all threads reach) ends with a sentence, never with the process.
 */
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __forceinline__ inline __attribute__((always_inline))
#define __launch_bounds__(...)
#define __grid_constant__

/* ---- built-in types and variables ------------------------------------------------------------------- */

struct uint3 {
    unsigned x, y, z;
};

struct dim3 {
    unsigned x = 1, y = 1, z = 1;
};

struct alignas(16) float4 {
    float x, y, z, w;
};

struct alignas(16) uint4 {
    unsigned x, y, z, w;
};

inline uint3 threadIdx, blockIdx;  // of the fiber that runs
inline dim3 blockDim, gridDim;

namespace leap::simt {

/* ---- what a launch is -------------------------------------------------------------------------------- */

/* Which of the orders that the model allows a launch takes. */
struct Schedule {
    uint64_t seed = 1;
};

/* The schedule of the launches from now on. The environment variable MASKLEAP_SIMT_SEED sets the first one. */
void set_schedule(Schedule schedule);

/* Called before and after every launch: a test guards device memory with them. */
void set_launch_hooks(void (*before)(), void (*after)());

/* Runs body(arguments) on every thread of the grid. Returns "" or the sentence of the first rule that was broken (valid in
 * the calling thread until its next launch). */
const char* run_grid(dim3 grid, dim3 block, std::size_t dynamic_shared_bytes, void (*body)(const void*), const void* arguments);

/* ---- for the built-in functions below and ptx.hpp ------------------------------------------------------ */

inline constexpr int WARP_LANES = 32;

/* Ends the launch with a sentence: the running thread broke a rule. */
[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

/* A warp operation: every lane hands in `bytes` (at most WARP_SLOT_BYTES) and gets all lanes' values when the last has come.
 * The values hold until this lane's next warp operation. `operation` is the same literal in all lanes. */
inline constexpr std::size_t WARP_SLOT_BYTES = 64;
struct alignas(16) WarpSlot {
    std::byte bytes[WARP_SLOT_BYTES];
};
const WarpSlot* exchange_in_warp(const char* operation, const void* value, std::size_t bytes);

template <class T>
struct WarpValues {
    const WarpSlot* slots;

    T operator[](int lane) const {
        T value;
        std::memcpy(&value, slots[lane].bytes, sizeof value);
        return value;
    }
};

template <class T>
WarpValues<T> exchange_in_warp(const char* operation, const T& value) {
    static_assert(std::is_trivially_copyable_v<T> && sizeof(T) <= WARP_SLOT_BYTES);
    return {exchange_in_warp(operation, &value, sizeof value)};
}

/* Lane of the running thread. */
int lane();

/* Waits for the threads of the block that have not ended. */
void block_barrier();

/* The hardware's numbered barriers: waits, or only arrives, until `threads` threads have come to barrier `id`. */
void named_barrier(int id, int threads, bool wait);

/* Lets others run before the running thread looks again at `subject`. A block in which all threads do only this is a fault. */
void poll(const char* operation, const void* subject);

/* Something that a polling thread may wait for has changed. */
void made_progress();

/* Work of one thread that the hardware may do at any time until it is waited for, in groups, oldest first. The schedule says
 * whether it is done when it is issued or when it is waited for. */
class AsynchronousGroups {
public:
    void issue(std::function<void()> work);
    void commit() { ++next_group_; }
    /* Until at most so many groups are still under way. */
    void wait(int groups_under_way);

    bool empty() const { return work_.empty(); }
    void clear();

private:
    int next_group_ = 0;
    std::vector<std::pair<int, std::function<void()>>> work_;
};

/* cp.async and wgmma of the running thread. */
AsynchronousGroups& copies();
AsynchronousGroups& products();

/* Work of the block that may be done at any time until somebody waits for `subject`. */
void work_late(const void* subject, std::function<void()> work);
void finish_late_work(const void* subject);

/* The block's shared memory with this tag: `bytes` of NaN at first sight. */
void* shared_memory(const void* tag, std::size_t bytes, std::size_t alignment);

/* The block's dynamic shared memory, as many bytes as the launch said. */
void* dynamic_shared_memory();

/* Shared-memory addresses as the hardware has them: 32 bits, from the start of the block's dynamic shared memory. */
uint32_t shared_address(const void* pointer);
void* shared_pointer(uint32_t address);

}  // namespace leap::simt

/* ---- shared memory -------------------------------------------------------------------------------------- */

/* `name` points to COUNT elements of static shared memory. */
#define LEAP_SHARED_ARRAY(T, name, COUNT)                                                                   \
    static const char name##_tag = 0;                                                                       \
    T* const name = static_cast<T*>(                                                                        \
        leap::simt::shared_memory(&name##_tag, sizeof(T) * (COUNT), alignof(T) < 16 ? 16 : alignof(T)))

/* `name` points to the bytes of dynamic shared memory that the launch asked for, aligned to 1024. */
#define LEAP_DYNAMIC_SHARED(name) std::byte* const name = static_cast<std::byte*>(leap::simt::dynamic_shared_memory())

/* ---- built-in functions ----------------------------------------------------------------------------------- */

inline void __syncthreads() { leap::simt::block_barrier(); }

inline void __syncwarp() { leap::simt::exchange_in_warp("__syncwarp", 0); }

/* All lanes of a warp take part in our shuffles and votes. */
inline void leap_require_full_warp(unsigned lanes, const char* operation) {
    if (lanes != 0xFFFFFFFFu) leap::simt::fault("%s: lanes %08x, not the whole warp", operation, lanes);
}

template <class T>
T __shfl_sync(unsigned lanes, T value, int source_lane) {
    leap_require_full_warp(lanes, "__shfl_sync");
    return leap::simt::exchange_in_warp("__shfl_sync", value)[source_lane & 31];
}

template <class T>
T __shfl_xor_sync(unsigned lanes, T value, int lane_mask) {
    leap_require_full_warp(lanes, "__shfl_xor_sync");
    return leap::simt::exchange_in_warp("__shfl_xor_sync", value)[leap::simt::lane() ^ (lane_mask & 31)];
}

template <class T>
T __shfl_up_sync(unsigned lanes, T value, unsigned delta) {
    leap_require_full_warp(lanes, "__shfl_up_sync");
    const int source = leap::simt::lane() - int(delta);
    return leap::simt::exchange_in_warp("__shfl_up_sync", value)[source < 0 ? leap::simt::lane() : source];
}

inline unsigned __ballot_sync(unsigned lanes, int predicate) {
    leap_require_full_warp(lanes, "__ballot_sync");
    const auto predicates = leap::simt::exchange_in_warp("__ballot_sync", predicate);
    unsigned ballot = 0;
    for (int i = 0; i < 32; ++i) ballot |= unsigned(predicates[i] != 0) << i;
    return ballot;
}

/* Threads run one at a time, so plain memory operations are atomic. */
template <class T>
T atomicAdd(T* address, std::type_identity_t<T> value) {
    const T old = *address;
    *address = T(old + value);
    return old;
}

inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline unsigned __umulhi(unsigned a, unsigned b) { return unsigned((uint64_t(a) * b) >> 32); }

inline float __uint_as_float(unsigned bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

inline unsigned __float_as_uint(float value) {
    unsigned bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}
