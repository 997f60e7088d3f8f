/* simt.cpp: the scheduler behind simt.hpp.
 *
 * What      a launch runs its blocks one after another in shuffled order. Within a block it picks a warp, runs its lanes until
 *           all wait or have ended, and goes on with another warp that can run; where the schedule says so it changes warps
 *           after every pass over the lanes. A block in which no thread can run and not all have ended is a fault
 * A thread  of the operating system runs one launch at a time; others wait for the mutex
 * Source    none needed
 */
#include "simt.hpp"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <utility>
#include <vector>

#include "fiber.hpp"

namespace leap::simt {
namespace {

constexpr int MAX_THREADS = 1024;
constexpr int NAMED_BARRIERS = 16;
constexpr std::size_t SHARED_ALIGNMENT = 1024;  // what the widest swizzle of the bulk copies wants

/* SplitMix64 (Steele et al. 2014): a counter, mixed. */
struct Random {
    uint64_t state;

    uint64_t next() {
        uint64_t z = state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    uint64_t below(uint64_t bound) { return next() % bound; }
};

/* POLLING looks again after others have run. Who is RUNNABLE or has ENDED its warp knows too. */
enum class State : uint8_t { RUNNABLE, IN_WARP, AT_BARRIER, AT_NAMED_BARRIER, POLLING, ENDED };

struct Thread {
    Fiber fiber;
    State state;
    uint3 index;
    int named_barrier;
    const char* waits_for;
    const void* polls;         // what it looked at last
    AsynchronousGroups copies, products;
};

/* The operation in which the lanes of a warp meet. Two generations of slots: a lane may start the next operation while
 * others still read this one's values, but no lane can start the one after that. */
struct Warp {
    WarpSlot slots[2][WARP_LANES];
    int generation;
    int arrived;
    uint32_t lanes, runnable, ended;  // bit for bit
    const char* operation;
};

struct SharedArray {
    const void* tag;
    void* memory;
    std::size_t bytes;
};

struct NamedBarrier {
    int arrived, expected;
};

struct Launch {
    void (*body)(const void*);
    const void* arguments;
    Fiber scheduler;
    Random random;
    std::vector<std::unique_ptr<Thread>> threads;
    std::vector<Warp> warps;
    std::byte* stacks = nullptr;

    // The block that runs.
    int threads_in_block, alive;
    Thread* running;
    bool late, change_warps_often, progress;
    int barrier_arrived;
    NamedBarrier named_barriers[NAMED_BARRIERS];
    std::vector<SharedArray> shared;
    std::vector<std::pair<const void*, std::function<void()>>> late_work;
    std::byte* dynamic_shared;
    std::size_t dynamic_shared_bytes;
    bool failed;
    char sentence[384];
};

std::mutex mutex;   // held during a launch
Launch launch;      // what runs, or ran last; its buffers are kept

uint64_t seed_of_environment() {
    const char* text = std::getenv("MASKLEAP_SIMT_SEED");
    return text ? std::strtoull(text, nullptr, 10) : 1;
}

Schedule schedule{seed_of_environment()};
void (*before_launch)() = [] {};
void (*after_launch)() = [] {};

Warp& warp_of(const Thread& thread) { return launch.warps[thread.index.x / WARP_LANES]; }

uint32_t lane_bit(const Thread& thread) { return 1u << thread.index.x % WARP_LANES; }

void wait(State state, const char* operation) {
    Thread& thread = *launch.running;
    thread.state = state;
    thread.waits_for = operation;
    warp_of(thread).runnable &= ~lane_bit(thread);
    launch.scheduler.switch_from(thread.fiber);
}

void make_runnable(Thread& thread) {
    thread.state = State::RUNNABLE;
    warp_of(thread).runnable |= lane_bit(thread);
}

void wake(State state, int named_barrier = 0) {
    for (int i = 0; i < launch.threads_in_block; ++i) {
        Thread& thread = *launch.threads[i];
        if (thread.state == state && (state != State::AT_NAMED_BARRIER || thread.named_barrier == named_barrier))
            make_runnable(thread);
    }
}

void open_barrier_if_complete() {
    if (launch.barrier_arrived == 0 || launch.barrier_arrived < launch.alive) return;
    launch.barrier_arrived = 0;
    wake(State::AT_BARRIER);
}

/* The entry of every fiber. */
void thread_main() {
    Fiber::entered();
    launch.body(launch.arguments);
    Thread& thread = *launch.running;
    if (!thread.copies.empty()) fault("a thread ended before its asynchronous copies had been waited for");
    if (!thread.products.empty()) fault("a thread ended before its products had been waited for");
    thread.state = State::ENDED;
    warp_of(thread).runnable &= ~lane_bit(thread);
    warp_of(thread).ended |= lane_bit(thread);
    --launch.alive;
    open_barrier_if_complete();
    launch.scheduler.switch_from_finished(thread.fiber);
    __builtin_unreachable();
}

void resume(Thread& thread) {
    launch.running = &thread;
    threadIdx = thread.index;
    thread.fiber.switch_from(launch.scheduler);
}

/* Runs the lanes of a warp that can run, once each, in an order of its own. False if there was none. */
bool pass_over_lanes(int warp) {
    const Warp& own = launch.warps[warp];
    if (own.runnable == 0) return false;
    const int flip = int(launch.random.below(WARP_LANES));
    for (int i = 0; i < WARP_LANES && !launch.failed; ++i) {
        const int lane = i ^ flip;
        if ((own.runnable >> lane & 1) == 0) continue;
        Thread& thread = *launch.threads[warp * WARP_LANES + lane];
        resume(thread);
        if (thread.state != State::POLLING) launch.progress = true;
    }
    return true;
}

void fail_block(const char* sentence) {
    std::snprintf(launch.sentence, sizeof launch.sentence, "block (%u, %u, %u): %s", blockIdx.x, blockIdx.y, blockIdx.z, sentence);
    launch.failed = true;
}

void report_deadlock() {
    for (int i = 0; i < launch.threads_in_block; ++i) {
        const Thread& thread = *launch.threads[i];
        if (thread.state == State::ENDED) continue;
        char sentence[128];
        std::snprintf(sentence, sizeof sentence, "thread %u waits at %s for threads that never come", thread.index.x,
                      thread.waits_for);
        return fail_block(sentence);
    }
}

void run_threads() {
    const int warps = (launch.threads_in_block + WARP_LANES - 1) / WARP_LANES;
    int order[MAX_THREADS / WARP_LANES];
    for (int w = 0; w < warps; ++w) order[w] = w;
    while (launch.alive > 0 && !launch.failed) {
        for (int w = warps - 1; w > 0; --w) std::swap(order[w], order[launch.random.below(w + 1)]);
        bool ran = false;
        for (int w = 0; w < warps && !launch.failed; ++w)
            while (!launch.failed && pass_over_lanes(order[w])) {
                ran = true;
                if (launch.change_warps_often) break;
            }
        if (launch.failed) return;
        // Polling threads look again after everything else has come to rest, if anything happened since they last looked.
        if (!ran && launch.alive > 0) {
            if (!launch.progress) return report_deadlock();
            launch.progress = false;
            wake(State::POLLING);
        }
    }
}

void free_shared() {
    for (const SharedArray& array : launch.shared) std::free(array.memory);
    launch.shared.clear();
}

/* Exactly `bytes` of NaN: the sanitizer guards what lies behind. */
std::byte* nan_filled(std::size_t bytes, std::size_t alignment) {
    void* memory = nullptr;
    if (posix_memalign(&memory, std::max(alignment, sizeof(void*)), bytes) != 0) return nullptr;
    std::memset(memory, 0xFF, bytes);
    return static_cast<std::byte*>(memory);
}

void run_block() {
    launch.alive = launch.threads_in_block;
    launch.progress = true;
    launch.barrier_arrived = 0;
    for (NamedBarrier& barrier : launch.named_barriers) barrier = {0, 0};
    launch.late = launch.random.below(2) == 0;
    launch.change_warps_often = launch.random.below(4) == 0;
    if (launch.dynamic_shared_bytes > 0) std::memset(launch.dynamic_shared, 0xFF, launch.dynamic_shared_bytes);
    for (std::size_t w = 0; w < launch.warps.size(); ++w) {
        Warp& warp = launch.warps[w];
        const int lanes = std::min<int>(WARP_LANES, launch.threads_in_block - int(w) * WARP_LANES);
        warp.generation = warp.arrived = 0;
        warp.ended = 0;
        warp.lanes = warp.runnable = lanes == WARP_LANES ? ~0u : (1u << lanes) - 1;
    }
    for (int i = 0; i < launch.threads_in_block; ++i) {
        Thread& thread = *launch.threads[i];
        thread.state = State::RUNNABLE;
        thread.waits_for = "its start";
        thread.polls = nullptr;
        thread.copies.clear();
        thread.products.clear();
        thread.fiber.prepare(launch.stacks + i * STACK_BYTES, STACK_BYTES, thread_main);
    }
    run_threads();
    if (!launch.late_work.empty() && !launch.failed) fail_block("a block ended before its bulk copies had been waited for");
    launch.late_work.clear();
    free_shared();
}

/* False where there is no memory for it. */
bool prepare_launch(dim3 block, std::size_t dynamic_shared_bytes) {
    launch.threads_in_block = int(block.x);
    while (launch.threads.size() < block.x) {
        launch.threads.push_back(std::make_unique<Thread>());
        launch.threads.back()->index = {unsigned(launch.threads.size() - 1), 0, 0};
    }
    launch.warps.resize((block.x + WARP_LANES - 1) / WARP_LANES);
    if (!launch.stacks) launch.stacks = static_cast<std::byte*>(std::malloc(MAX_THREADS * STACK_BYTES));  // touched as used
    launch.dynamic_shared_bytes = dynamic_shared_bytes;
    launch.dynamic_shared = dynamic_shared_bytes > 0 ? nan_filled(dynamic_shared_bytes, SHARED_ALIGNMENT) : nullptr;
    return launch.stacks && (launch.dynamic_shared || dynamic_shared_bytes == 0);
}

}  // namespace

void set_schedule(Schedule wanted) {
    const std::lock_guard lock(mutex);
    schedule = wanted;
}

void set_launch_hooks(void (*before)(), void (*after)()) {
    const std::lock_guard lock(mutex);
    before_launch = before;
    after_launch = after;
}

const char* run_grid(dim3 grid, dim3 block, std::size_t dynamic_shared_bytes, void (*body)(const void*), const void* arguments) {
    thread_local char sentence[sizeof launch.sentence];
    const std::lock_guard lock(mutex);
    launch.body = body;
    launch.arguments = arguments;
    launch.random = {schedule.seed};
    launch.failed = false;
    launch.sentence[0] = 0;
    if (block.y != 1 || block.z != 1 || block.x < 1 || block.x > MAX_THREADS) return "a block has 1 to 1024 threads in x only";
    if (!prepare_launch(block, dynamic_shared_bytes)) return "no memory for the fibers' stacks";
    before_launch();
    blockDim = block;
    gridDim = grid;
    const uint64_t blocks = uint64_t(grid.x) * grid.y * grid.z;
    // start + i * stride visits every block once where stride and blocks have no common factor.
    const uint64_t start = launch.random.below(blocks);
    uint64_t stride = launch.random.below(blocks) | 1;
    while (std::__gcd(stride, blocks) != 1) ++stride;
    for (uint64_t i = 0; i < blocks && !launch.failed; ++i) {
        const uint64_t index = (start + i * stride) % blocks;
        blockIdx = {unsigned(index % grid.x), unsigned(index / grid.x % grid.y), unsigned(index / grid.x / grid.y)};
        run_block();
    }
    after_launch();
    std::free(launch.dynamic_shared);
    std::memcpy(sentence, launch.sentence, sizeof sentence);
    return sentence;
}

void fault(const char* format, ...) {
    const int prefix = std::snprintf(launch.sentence, sizeof launch.sentence, "block (%u, %u, %u), thread %u: ", blockIdx.x,
                                     blockIdx.y, blockIdx.z, launch.running->index.x);
    va_list arguments;
    va_start(arguments, format);
    std::vsnprintf(launch.sentence + prefix, sizeof launch.sentence - prefix, format, arguments);
    va_end(arguments);
    launch.failed = true;
    launch.scheduler.switch_from_finished(launch.running->fiber);
    __builtin_unreachable();
}

int lane() { return int(launch.running->index.x % WARP_LANES); }

const WarpSlot* exchange_in_warp(const char* operation, const void* value, std::size_t bytes) {
    Thread& thread = *launch.running;
    Warp& warp = warp_of(thread);
    if (warp.lanes != ~0u) fault("%s in a warp of fewer than 32 threads", operation);
    if (warp.ended != 0) fault("%s after lane %d has ended", operation, __builtin_ctz(warp.ended));
    if (warp.arrived == 0) {
        warp.operation = operation;
    } else if (warp.operation != operation && std::strcmp(warp.operation, operation) != 0) {
        fault("%s while other lanes of the warp are at %s", operation, warp.operation);
    }
    WarpSlot* slots = warp.slots[warp.generation & 1];
    std::memcpy(slots[lane()].bytes, value, bytes);
    if (++warp.arrived < WARP_LANES) {
        wait(State::IN_WARP, operation);
    } else {
        warp.arrived = 0;
        ++warp.generation;
        warp.runnable = ~0u;  // all the others wait here
        const int first = int(thread.index.x) / WARP_LANES * WARP_LANES;
        for (int i = 0; i < WARP_LANES; ++i) launch.threads[first + i]->state = State::RUNNABLE;
    }
    return slots;
}

void block_barrier() {
    ++launch.barrier_arrived;
    if (launch.barrier_arrived < launch.alive) {
        wait(State::AT_BARRIER, "__syncthreads");
    } else {
        open_barrier_if_complete();
    }
}

void named_barrier(int id, int threads, bool wait_for_it) {
    if (id < 0 || id >= NAMED_BARRIERS) fault("there is no barrier %d", id);
    NamedBarrier& barrier = launch.named_barriers[id];
    if (barrier.arrived > 0 && barrier.expected != threads)
        fault("barrier %d expects %d threads, and %d for another thread", id, barrier.expected, threads);
    barrier.expected = threads;
    if (++barrier.arrived == threads) {
        barrier.arrived = 0;
        wake(State::AT_NAMED_BARRIER, id);
    } else if (wait_for_it) {
        launch.running->named_barrier = id;
        wait(State::AT_NAMED_BARRIER, "a numbered barrier");
    }
}

void poll(const char* operation, const void* subject) {
    if (std::exchange(launch.running->polls, subject) != subject) launch.progress = true;
    wait(State::POLLING, operation);
}

void made_progress() { launch.progress = true; }

void AsynchronousGroups::issue(std::function<void()> work) {
    if (launch.late) work_.emplace_back(next_group_, std::move(work));
    else work();
}

void AsynchronousGroups::wait(int groups_under_way) {
    const auto due = [&](const auto& item) { return item.first < next_group_ - groups_under_way; };
    for (const auto& item : work_)
        if (due(item)) item.second();
    std::erase_if(work_, due);
}

void AsynchronousGroups::clear() {
    next_group_ = 0;
    work_.clear();
}

AsynchronousGroups& copies() { return launch.running->copies; }

AsynchronousGroups& products() { return launch.running->products; }

void work_late(const void* subject, std::function<void()> work) {
    if (launch.late) launch.late_work.emplace_back(subject, std::move(work));
    else work();
}

void finish_late_work(const void* subject) {
    const auto due = [&](const auto& item) { return item.first == subject; };
    for (const auto& item : launch.late_work)
        if (due(item)) item.second();
    std::erase_if(launch.late_work, due);
}

void* shared_memory(const void* tag, std::size_t bytes, std::size_t alignment) {
    for (const SharedArray& array : launch.shared)
        if (array.tag == tag) return array.memory;
    void* memory = nan_filled(bytes, alignment);
    if (!memory) fault("no memory for %zu bytes of shared memory", bytes);
    launch.shared.push_back({tag, memory, bytes});
    return memory;
}

void* dynamic_shared_memory() { return launch.dynamic_shared; }

uint32_t shared_address(const void* pointer) {
    return uint32_t(static_cast<const std::byte*>(pointer) - launch.dynamic_shared);
}

void* shared_pointer(uint32_t address) { return launch.dynamic_shared + address; }

}  // namespace leap::simt
