/* scratch.hpp: temporary memory that is allocated once and used again by every later call of the same thread. */
#pragma once

#include <cstddef>
#include <cstdlib>
#include <new>

namespace leap {

inline constexpr std::size_t CACHE_LINE = 64;

/* The bytes of `count` elements of T, rounded up to whole cache lines. */
template <class T>
constexpr std::size_t padded_bytes(std::size_t count) {
    return (count * sizeof(T) + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
}

/* A buffer that only grows; its contents do not survive `reserve`. */
class Scratch {
public:
    Scratch() = default;
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() { std::free(memory_); }

    /* At least `bytes` bytes at a cache line's start, or null when there is no memory. */
    std::byte* reserve(std::size_t bytes) {
        bytes = (bytes + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE;
        if (bytes > capacity_) {
            std::free(memory_);
            memory_ = static_cast<std::byte*>(std::aligned_alloc(CACHE_LINE, bytes));
            capacity_ = memory_ ? bytes : 0;
        }
        return memory_;
    }

private:
    std::byte* memory_ = nullptr;
    std::size_t capacity_ = 0;
};

/* The calling thread's buffer. A kernel reserves once, before its parallel region, for all of its threads: so nothing
 * inside the region can fail. */
inline Scratch& thread_scratch() {
    static thread_local Scratch scratch;
    return scratch;
}

}  // namespace leap
