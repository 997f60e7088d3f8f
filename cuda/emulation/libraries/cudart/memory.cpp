/* memory.cpp: device memory and pinned memory.
 *
 * What      an allocation is pages of its own, whose last byte is the allocation's last (rounded up to 256), before a page that
 *           nobody may touch. Device memory cannot be touched at all but by work that runs. Addresses are not used again
 * Layouts   new memory is 0xFF: NaN in all dtypes
 * A thread  takes the mutex
 * Wants     mmap
 * Source    CUDA Runtime API: Memory Management, API synchronization behavior, Unified Addressing
 */
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>

#include "state.hpp"

namespace leap::emulation {
namespace {

const int64_t PAGE = sysconf(_SC_PAGESIZE);
constexpr int64_t ALIGNMENT = 256;    // of an allocation's start
constexpr int64_t GRANULARITY = 512;  // of what an allocation takes from the device's memory
constexpr int64_t DEFAULT_TOTAL = int64_t(8) << 30;
constexpr int FILL = 0xFF;

constexpr int64_t round_up(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

/* An allocation, or what was one. */
struct Allocation : Object {
    std::byte* memory;
    int64_t bytes;
    std::byte* pages;
    int64_t page_bytes;  // without the page behind it

    bool holds(const void* pointer, int64_t count) const {
        const auto* start = static_cast<const std::byte*>(pointer);
        return alive && start >= memory && count <= bytes && start - memory <= bytes - count;
    }
    void protect(int protection) const {
        if (mprotect(pages, page_bytes, protection) == 0) return;
        std::perror("emulated device memory: mprotect");
        std::abort();
    }

    /* True where nothing has written between the allocation and its pages' ends. */
    bool is_whole() const {
        const auto is_filled = [](std::byte b) { return b == std::byte(FILL); };
        return std::all_of(pages, memory, is_filled) && std::all_of(memory + bytes, pages + page_bytes, is_filled);
    }
};

std::map<const std::byte*, Allocation*>& allocations() {  // by their first page
    static auto& only = *new std::map<const std::byte*, Allocation*>;
    return only;
}

int64_t total = DEFAULT_TOTAL;
int64_t taken[DEVICES];
int accesses;

/* The allocation, living or not, to whose pages the address belongs. */
const Allocation* allocation_at(const void* pointer) {
    const auto* address = static_cast<const std::byte*>(pointer);
    const auto after = allocations().upper_bound(address);
    if (after == allocations().begin()) return nullptr;
    const Allocation* before = std::prev(after)->second;
    return address < before->pages + before->page_bytes + PAGE ? before : nullptr;
}

int allocate(void** pointer, std::size_t bytes, Kind kind) {
    if (!pointer) return INVALID_VALUE;
    *pointer = nullptr;
    if (bytes == 0) return SUCCESS;
    const bool on_device = kind == Kind::DEVICE_MEMORY;
    if (bytes > std::size_t(1) << 46) return OUT_OF_MEMORY;
    const int64_t size = int64_t(bytes), takes = round_up(size, GRANULARITY), page_bytes = round_up(size, PAGE);
    if (on_device && takes > total - taken[current_device()]) return OUT_OF_MEMORY;
    void* pages = mmap(nullptr, page_bytes + PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (pages == MAP_FAILED) return OUT_OF_MEMORY;
    if (mprotect(pages, page_bytes, PROT_READ | PROT_WRITE) != 0) {
        munmap(pages, page_bytes + PAGE);
        return OUT_OF_MEMORY;
    }
    std::memset(pages, FILL, page_bytes);
    auto* allocation = new Allocation;
    allocation->pages = static_cast<std::byte*>(pages), allocation->page_bytes = page_bytes;
    allocation->memory = allocation->pages + page_bytes - round_up(size, ALIGNMENT), allocation->bytes = size;
    allocations()[allocation->pages] = allocation;
    register_object(allocation->memory, allocation, kind);
    if (on_device) {
        taken[allocation->device] += takes;
        if (accesses == 0) allocation->protect(PROT_NONE);
    }
    *pointer = allocation->memory;
    return SUCCESS;
}

int free_memory(void* pointer, Kind kind) {
    if (!pointer) return SUCCESS;
    auto* allocation = static_cast<Allocation*>(find_object(pointer, kind));
    if (!allocation) return INVALID_VALUE;
    if (const int error = refuse_during_capture()) return error;
    for (int device = 0; device < DEVICES; ++device)
        if (kind == Kind::PINNED_MEMORY || device == allocation->device) wait_for_device(device);
    allocation->protect(PROT_READ);
    if (!allocation->is_whole())
        stick(allocation->device, {ILLEGAL_ADDRESS, "something has written beyond the ends of an allocation"});
    // The pages go back to the system, the addresses do not.
    mmap(allocation->pages, allocation->page_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
    if (kind == Kind::DEVICE_MEMORY) taken[allocation->device] -= round_up(allocation->bytes, GRANULARITY);
    retire_object(allocation);
    return SUCCESS;
}

/* ---- copies --------------------------------------------------------------------------------------------------- */

enum class Place { DEVICE, PINNED, PAGEABLE, NOWHERE };

Place place_of(const void* pointer, int64_t bytes) {
    const Allocation* allocation = allocation_at(pointer);
    if (!allocation) return pointer ? Place::PAGEABLE : Place::NOWHERE;
    if (!allocation->holds(pointer, bytes)) return Place::NOWHERE;
    return allocation->kind == Kind::DEVICE_MEMORY ? Place::DEVICE : Place::PINNED;
}

/* cudaMemcpyKind: bit 0 says that the target is on the device in 1 and 3, and so on. */
bool fits_kind(int kind, Place target, Place source) {
    constexpr int HOST_TO_HOST = 0, HOST_TO_DEVICE = 1, DEVICE_TO_HOST = 2, DEVICE_TO_DEVICE = 3, DEFAULT = 4;
    const bool to_device = target == Place::DEVICE, from_device = source == Place::DEVICE;
    switch (kind) {
        case HOST_TO_HOST: return !to_device && !from_device;
        case HOST_TO_DEVICE: return to_device && !from_device;
        case DEVICE_TO_HOST: return !to_device && from_device;
        case DEVICE_TO_DEVICE: return to_device && from_device;
        default: return kind == DEFAULT;
    }
}

class Copy : public Work {
public:
    Copy(void* target, const void* source, int64_t bytes, Place to, Place from)
        : target_(target), source_(source), bytes_(bytes), to_(to), from_(from) {}

    /* Reads the source now. */
    void stage() {
        const auto* start = static_cast<const std::byte*>(source_);
        staged_.assign(start, start + bytes_);
    }

    Outcome run() const override {
        const bool is_staged = !staged_.empty();
        Outcome outcome;
        if (to_ != Place::PAGEABLE) outcome = check_access("a copy's target", target_, bytes_);
        if (outcome.error == SUCCESS && from_ != Place::PAGEABLE) outcome = check_access("a copy's source", source_, bytes_);
        if (outcome.error == SUCCESS) std::memmove(target_, is_staged ? staged_.data() : source_, bytes_);
        return outcome;
    }

private:
    void* target_;
    const void* source_;
    int64_t bytes_;
    Place to_, from_;
    std::vector<std::byte> staged_;
};

class Fill : public Work {
public:
    Fill(void* target, int value, int64_t bytes) : target_(target), value_(value), bytes_(bytes) {}

    Outcome run() const override {
        const Outcome outcome = check_access("what is filled", target_, bytes_);
        if (outcome.error == SUCCESS) std::memset(target_, value_, bytes_);
        return outcome;
    }

private:
    void* target_;
    int value_;
    int64_t bytes_;
};

int copy(void* target, const void* source, std::size_t count, int kind, Queue& queue) {
    const int64_t bytes = int64_t(count);
    const Place to = place_of(target, bytes), from = place_of(source, bytes);
    if (to == Place::NOWHERE || from == Place::NOWHERE || !fits_kind(kind, to, from)) return INVALID_VALUE;
    const bool pageable = to == Place::PAGEABLE || from == Place::PAGEABLE;
    if (pageable && queue.capture) {
        invalidate(*queue.capture);
        return CAPTURE_UNSUPPORTED;
    }
    auto work = std::make_shared<Copy>(target, source, bytes, to, from);
    if (from == Place::PAGEABLE) work->stage();
    if (const int error = enqueue(queue, work)) return error;
    return to == Place::PAGEABLE ? wait_for(queue, queue.queued) : SUCCESS;
}

}  // namespace

void set_total_memory(int64_t bytes) { total = bytes; }
int64_t total_memory() { return total; }

Outcome check_access(const char* what, const void* pointer, int64_t bytes) {
    thread_local char sentence[160];
    const Allocation* allocation = allocation_at(pointer);
    if (bytes == 0 || (allocation && allocation->holds(pointer, bytes))) return {};
    std::snprintf(sentence, sizeof sentence, "%s: %lld bytes at %p do not lie in one allocation that is alive", what,
                  (long long)bytes, pointer);
    return {ILLEGAL_ADDRESS, sentence};
}

Access::Access() {
    if (accesses++ > 0) return;
    for (const auto& [pages, allocation] : allocations())
        if (allocation->alive && allocation->kind == Kind::DEVICE_MEMORY) allocation->protect(PROT_READ | PROT_WRITE);
}

Access::~Access() {
    if (--accesses > 0) return;
    for (const auto& [pages, allocation] : allocations())
        if (allocation->alive && allocation->kind == Kind::DEVICE_MEMORY) allocation->protect(PROT_NONE);
}

}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API int cudaMalloc(void** pointer, std::size_t bytes) {
    return device_call("cudaMalloc", NO_STREAM, [&] {
        const int refused = refuse_during_capture();
        return refused != 0 ? refused : allocate(pointer, bytes, Kind::DEVICE_MEMORY);
    });
}

EMULATED_API int cudaMallocHost(void** pointer, std::size_t bytes) {
    return device_call("cudaMallocHost", NO_STREAM, [&] {
        const int refused = refuse_during_capture();
        return refused != 0 ? refused : allocate(pointer, bytes, Kind::PINNED_MEMORY);
    });
}

EMULATED_API int cudaFree(void* pointer) {
    return release_call("cudaFree", NO_STREAM, [&] { return free_memory(pointer, Kind::DEVICE_MEMORY); });
}

EMULATED_API int cudaFreeHost(void* pointer) {
    return release_call("cudaFreeHost", NO_STREAM, [&] { return free_memory(pointer, Kind::PINNED_MEMORY); });
}

EMULATED_API int cudaMemGetInfo(std::size_t* free, std::size_t* all) {
    return device_call("cudaMemGetInfo", NO_STREAM, [&]() -> int {
        if (!free || !all) return INVALID_VALUE;
        *all = std::size_t(total);
        *free = std::size_t(std::max<int64_t>(0, total - taken[current_device()]));
        return SUCCESS;
    });
}

EMULATED_API int cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, int kind, void* stream) {
    return device_call("cudaMemcpyAsync", stream, [&]() -> int {
        Queue* queue = queue_of(stream);
        if (!queue) return INVALID_RESOURCE_HANDLE;
        return bytes == 0 ? int(SUCCESS) : copy(target, source, bytes, kind, *queue);
    });
}

EMULATED_API int cudaMemsetAsync(void* target, int value, std::size_t bytes, void* stream) {
    return device_call("cudaMemsetAsync", stream, [&]() -> int {
        Queue* queue = queue_of(stream);
        if (!queue) return INVALID_RESOURCE_HANDLE;
        if (bytes == 0) return SUCCESS;
        const Place place = place_of(target, int64_t(bytes));
        if (place == Place::NOWHERE || place == Place::PAGEABLE) return INVALID_VALUE;
        return enqueue(*queue, std::make_shared<Fill>(target, value, int64_t(bytes)));
    });
}
