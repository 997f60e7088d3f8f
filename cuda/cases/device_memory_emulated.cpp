/* device_memory_emulated.cpp: device memory is host memory that only kernels may touch. */
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <vector>

#include "device_memory.hpp"
#include "emulation/simt.hpp"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(pointer, bytes) ((void)(pointer), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(pointer, bytes) ((void)(pointer), (void)(bytes))
#endif

namespace leap::cases::device {
namespace {

constexpr std::size_t ALIGNMENT = 256;  // as cudaMalloc

struct Allocation {
    std::byte* memory;
    std::size_t bytes;

    void lock() const { ASAN_POISON_MEMORY_REGION(memory, bytes); }
    void unlock() const { ASAN_UNPOISON_MEMORY_REGION(memory, bytes); }
};

std::vector<Allocation> allocations;

/* Unlocks all buffers while it lives. */
struct Access {
    Access() {
        for (const Allocation& allocation : allocations) allocation.unlock();
    }
    ~Access() {
        for (const Allocation& allocation : allocations) allocation.lock();
    }
};

void unlock_for_launch() {
    for (const Allocation& allocation : allocations) allocation.unlock();
}

void lock_after_launch() {
    for (const Allocation& allocation : allocations) allocation.lock();
}

}  // namespace

void* allocate(std::size_t bytes) {
    simt::set_launch_hooks(unlock_for_launch, lock_after_launch);
    void* memory = nullptr;
    if (posix_memalign(&memory, ALIGNMENT, bytes) != 0) throw std::bad_alloc();
    std::memset(memory, 0xFF, bytes);
    allocations.push_back({static_cast<std::byte*>(memory), bytes});
    allocations.back().lock();
    return memory;
}

std::string free(void* memory, std::size_t) {
    const auto found =
        std::find_if(allocations.begin(), allocations.end(), [&](const Allocation& a) { return a.memory == memory; });
    found->unlock();
    allocations.erase(found);
    std::free(memory);
    return "";  // AddressSanitizer sees writes beyond the ends as they happen
}

void copy_to(void* target, const void* host, std::size_t bytes) {
    const Access access;
    std::copy_n(static_cast<const std::byte*>(host), bytes, static_cast<std::byte*>(target));
}

void copy_from(void* host, const void* source, std::size_t bytes) {
    const Access access;
    std::copy_n(static_cast<const std::byte*>(source), bytes, static_cast<std::byte*>(host));
}

std::string synchronize() { return ""; }

std::string name() { return "emulated CUDA"; }

bool refuses_lies() { return false; }

bool is_fast() { return false; }

void leave_unfilled() {}

void set_schedule(unsigned seed) { simt::set_schedule({seed}); }

}  // namespace leap::cases::device
