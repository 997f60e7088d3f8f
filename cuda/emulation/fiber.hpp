/* fiber.hpp: many stacks in one operating-system thread. Nothing here knows about kernels. */
#pragma once

#include <cstddef>

namespace leap::simt {

/* A stack with a function half-way through on it, or the thread's own stack. */
class Fiber {
public:
    Fiber() = default;
    Fiber(const Fiber&) = delete;
    Fiber& operator=(const Fiber&) = delete;

    /* Lays `entry` on the stack stack .. stack + bytes: the first switch_to() calls it. It must not return. */
    void prepare(std::byte* stack, std::size_t bytes, void (*entry)());

    /* Leaves `from`, which is running, for this one; returns when something switches back to `from`. */
    void switch_from(Fiber& from);

    /* As switch_from, and `from` will never be resumed. */
    void switch_from_finished(Fiber& from);

    /* The first thing that an entry function calls. */
    static void entered();

private:
    void* context_ = nullptr;  // the stack pointer on x86-64, a ucontext_t elsewhere
    std::byte* stack_ = nullptr;
    std::size_t bytes_ = 0;
    void* sanitizer_stack_ = nullptr;

    void jump(Fiber& from, bool finished);
};

/* So much stack per fiber: kernels keep their arrays small, the sanitizer puts red zones around each. */
#if defined(__SANITIZE_ADDRESS__)
inline constexpr std::size_t STACK_BYTES = 256 << 10;
#else
inline constexpr std::size_t STACK_BYTES = 64 << 10;
#endif

}  // namespace leap::simt
