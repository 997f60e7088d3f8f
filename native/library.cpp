/* library.cpp: what the CPU library says about itself, its dtypes, and the number of threads.
 *
 * What      no computation
 * Layouts   strings are UTF-8, ended by 0
 * A thread  has its own number of OpenMP threads
 * Wants     nothing
 * Source    none
 */
#include <omp.h>
#include <pthread.h>

#include <algorithm>
#include <atomic>

#include "simd.hpp"
#include "status.hpp"

namespace leap {
namespace {

/* More threads than this are a mistake, and libgomp ends the process when it cannot start them. */
constexpr int MAX_THREADS = 1024;

#define LEAP_TEXT_(x) #x
#define LEAP_TEXT(x) LEAP_TEXT_(x)

#if defined(__AVX512BF16__)
#define LEAP_VECTORS "AVX-512 with products of bfloat16, 16 floats a vector"
#elif defined(__AVX512F__)
#define LEAP_VECTORS "AVX-512, 16 floats a vector"
#elif defined(__AVX2__) && defined(__FMA__)
#define LEAP_VECTORS "AVX2 and FMA, 8 floats a vector"
#elif defined(__aarch64__)
#define LEAP_VECTORS "NEON, 4 floats a vector"
#else
#define LEAP_VECTORS "4 floats a vector"
#endif

#if defined(__clang__)
#define LEAP_COMPILER "clang " __clang_version__
#else
#define LEAP_COMPILER "g++ " __VERSION__
#endif

constexpr char INFO[] =
    "cpu, float32 and bfloat16, " LEAP_COMPILER ", " LEAP_ISA_LEVEL " (" LEAP_VECTORS "), OpenMP " LEAP_TEXT(_OPENMP);

/* The stack of a thread of the team: Java sets OMP_STACKSIZE to as much before it loads libgomp. */
constexpr std::size_t STACK_BYTES = 2 << 20;

/* Threads that were started together and wait until all of them are there. */
class StartedThreads {
public:
    /* Starts up to `wanted` threads; stops at the first that the system refuses. */
    explicit StartedThreads(int wanted) {
        pthread_attr_t attributes;
        if (pthread_attr_init(&attributes) != 0) return;
        pthread_attr_setstacksize(&attributes, STACK_BYTES);
        pthread_mutex_lock(&all_started_);
        while (count_ < wanted && pthread_create(&threads_[count_], &attributes, wait, this) == 0) ++count_;
        pthread_mutex_unlock(&all_started_);
        pthread_attr_destroy(&attributes);
        for (int i = 0; i < count_; ++i) pthread_join(threads_[i], nullptr);
    }

    int count() const { return count_; }

private:
    static void* wait(void* self) {
        pthread_mutex_t* all_started = &static_cast<StartedThreads*>(self)->all_started_;
        pthread_mutex_lock(all_started);
        pthread_mutex_unlock(all_started);
        return nullptr;
    }

    pthread_mutex_t all_started_ = PTHREAD_MUTEX_INITIALIZER;
    pthread_t threads_[MAX_THREADS];
    int count_ = 0;
};

/* The most OpenMP threads of a team that the system is known to start. */
std::atomic<int> startable{1};

/* At most `threads` threads that the system can start beside the caller's. libgomp ends the process if it cannot start one, so they are tried
 * before it is asked. If some are refused, half of the others are left to the rest of the process, which also starts threads. */
int limit_to_startable(int threads) {
    if (threads <= startable.load(std::memory_order_relaxed)) return threads;
    const int started = StartedThreads(threads - 1).count();
    const int limited = started == threads - 1 ? threads : 1 + started / 2;
    startable.store(std::max(limited, startable.load(std::memory_order_relaxed)), std::memory_order_relaxed);
    return limited;
}

/* Threads of a parallel region of the calling thread. */
int count_team() {
    int count = 1;
#pragma omp parallel
    {
#pragma omp single
        count = omp_get_num_threads();
    }
    return count;
}

/* What the calling thread asked for last, and what it got. */
struct Team {
    int asked = 0, got = 0;
};
thread_local Team team;

}  // namespace

leap_status require_dtype(const char* operation, const char* argument, leap_dtype dtype) {
    LEAP_REQUIRE(dtype == LEAP_F32 || dtype == LEAP_BF16, LEAP_BAD_DTYPE,
                 "%s: %s=%d is not a dtype (0 is float32, 1 is bfloat16)", operation, argument, int(dtype));
    return LEAP_OK;
}

}  // namespace leap

LEAP_EXPORT const char* leap_library_info(void) { return leap::INFO; }

LEAP_EXPORT leap_status leap_set_threads(int32_t threads, int32_t* got) {
    LEAP_REQUIRE(threads >= 1 && threads <= leap::MAX_THREADS, LEAP_BAD_ARGUMENT,
                 "set_threads: threads=%d is not in 1 .. %d", threads, leap::MAX_THREADS);
    LEAP_REQUIRE(got, LEAP_BAD_ARGUMENT, "set_threads: got is NULL");
    leap::Team& team = leap::team;
    if (team.asked != threads) {
        omp_set_dynamic(0);  // else a team may have fewer threads than libraries were told, at any time
        if (omp_get_max_active_levels() < 1) omp_set_max_active_levels(1);
        omp_set_num_threads(leap::limit_to_startable(std::min(threads, omp_get_thread_limit())));
        team = {threads, leap::count_team()};
        omp_set_num_threads(team.got);
    }
    *got = team.got;
    return LEAP_OK;
}
