/* device_memory_cpu.cpp: device memory is host memory. */
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>

#include "device_memory.hpp"

namespace leap::cases::device {

void* allocate(std::size_t bytes) {
    constexpr std::size_t ALIGNMENT = 64;  // as the runtime allocates
    void* memory = nullptr;
    if (posix_memalign(&memory, ALIGNMENT, bytes) != 0) throw std::bad_alloc();
    std::memset(memory, 0xFF, bytes);
    return memory;
}

std::string free(void* memory, std::size_t) {
    std::free(memory);
    return "";  // AddressSanitizer sees writes beyond the ends as they happen
}

void copy_to(void* target, const void* host, std::size_t bytes) {
    std::copy_n(static_cast<const std::byte*>(host), bytes, static_cast<std::byte*>(target));
}

void copy_from(void* host, const void* source, std::size_t bytes) {
    std::copy_n(static_cast<const std::byte*>(source), bytes, static_cast<std::byte*>(host));
}

std::string synchronize() { return ""; }

std::string name() { return "the CPU"; }

bool refuses_lies() { return true; }

bool is_fast() { return false; }

void leave_unfilled() {}

void set_schedule(unsigned) {}

}  // namespace leap::cases::device
