/* fiber.cpp: the switch from one stack to another.
 *
 * What      on x86-64 eleven instructions that keep what the calling convention keeps (six registers and the stack pointer);
 *           elsewhere ucontext, which also saves the signal mask and is about eight times slower
 * Wants     a switch and its way back in the same operating-system thread
 * Source    System V ABI, AMD64 supplement, section 3.2.1; AddressSanitizer's interface for fibers
 */
#include "fiber.hpp"

#include <cstdint>

#if !defined(__x86_64__)
#include <ucontext.h>

#include <new>
#endif

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
extern "C" void leap_switch_stack(void** from, void* to);
asm(R"(
    .text
    .hidden leap_switch_stack
    .globl leap_switch_stack
    .type leap_switch_stack, @function
leap_switch_stack:
    pushq %rbp
    pushq %rbx
    pushq %r12
    pushq %r13
    pushq %r14
    pushq %r15
    movq %rsp, (%rdi)
    movq %rsi, %rsp
    popq %r15
    popq %r14
    popq %r13
    popq %r12
    popq %rbx
    popq %rbp
    ret
    .size leap_switch_stack, .-leap_switch_stack
)");
#endif

namespace leap::simt {
namespace {

/* The fiber that was left by the switch that is going on: it learns its own stack's bounds from the sanitizer. */
Fiber* departed = nullptr;

}  // namespace

void Fiber::prepare(std::byte* stack, std::size_t bytes, void (*entry)()) {
    stack_ = stack;
    bytes_ = bytes;
    sanitizer_stack_ = nullptr;
#if defined(__SANITIZE_ADDRESS__)
    __asan_unpoison_memory_region(stack, bytes);  // frames that were left for good keep their red zones otherwise
#endif
#if defined(__x86_64__)
    // From the top: a null return address that ends backtraces, entry as the switch's return address, six registers.
    // The return leaves the stack pointer 8 below a multiple of 16, as a call would.
    auto top = (reinterpret_cast<std::uintptr_t>(stack) + bytes) & ~std::uintptr_t(15);
    auto slot = reinterpret_cast<void**>(top);
    *--slot = nullptr;
    *--slot = reinterpret_cast<void*>(entry);
    for (int i = 0; i < 6; ++i) *--slot = nullptr;
    context_ = slot;
#else
    // The context lies at the foot of the stack.
    auto context = new (stack) ucontext_t;
    getcontext(context);
    context->uc_stack.ss_sp = stack + sizeof(ucontext_t);
    context->uc_stack.ss_size = bytes - sizeof(ucontext_t);
    context->uc_link = nullptr;
    makecontext(context, entry, 0);
    context_ = context;
#endif
}

void Fiber::entered() {
#if defined(__SANITIZE_ADDRESS__)
    const void* bottom;
    std::size_t size;
    __sanitizer_finish_switch_fiber(nullptr, &bottom, &size);
    if (departed->stack_ == nullptr) {  // the thread's own stack, seen for the first time
        departed->stack_ = static_cast<std::byte*>(const_cast<void*>(bottom));
        departed->bytes_ = size;
    }
#endif
}

void Fiber::jump(Fiber& from, [[maybe_unused]] bool finished) {
    departed = &from;
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_start_switch_fiber(finished ? nullptr : &from.sanitizer_stack_, stack_, bytes_);
#endif
#if defined(__x86_64__)
    leap_switch_stack(&from.context_, context_);
#else
    ucontext_t own;
    if (from.context_ == nullptr) from.context_ = &own;
    swapcontext(static_cast<ucontext_t*>(from.context_), static_cast<ucontext_t*>(context_));
    if (from.context_ == &own) from.context_ = nullptr;
#endif
#if defined(__SANITIZE_ADDRESS__)
    __sanitizer_finish_switch_fiber(from.sanitizer_stack_, nullptr, nullptr);
#endif
}

void Fiber::switch_from(Fiber& from) { jump(from, false); }

void Fiber::switch_from_finished(Fiber& from) { jump(from, true); }

}  // namespace leap::simt
