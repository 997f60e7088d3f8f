/* control.cpp: what the runtime tells tests, and the failures that they plan.
 *
 * What      counts and logs the calls of all libraries, keeps their objects and the errors that stick
 * Layouts   a log line is a function's name and perhaps " capturing"
 * A thread  has its own last error
 * Wants     the mutex, but for the exported functions
 * Source    none
 */
#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "emulation/libraries/emulated.h"
#include "state.hpp"

namespace leap::emulation {
namespace {

struct LoggedCall {
    const char* function;
    bool capturing;
};

struct PlannedFailure {
    std::string function;  // "": any
    int64_t calls_to_go;
    int status;
};

constexpr int KINDS = int(Kind::COUNT);
constexpr const char* KIND_NAMES[KINDS] = {
    "device memory", "pinned memory",      "stream",              "event",        "graph",
    "executable graph", "cuBLASLt handle", "matmul descriptor",   "matrix layout", "matmul preference",
    "cuDNN handle",  "tensor descriptor",  "filter descriptor",   "convolution descriptor"};

/* Never destroyed: threads may still be at work when the process ends. */
struct State {
    std::vector<LoggedCall> calls;
    std::vector<PlannedFailure> plans;
    std::unordered_map<const void*, Object*> objects;
    int64_t alive[KINDS] = {};
    int sticking[DEVICES] = {};
    std::string fault;
};

State& state() {
    static State& only = *new State;
    return only;
}

thread_local int last_error = 0;

int general_failure(Library library) {
    switch (library) {
        case Library::CUBLAS: return 14;   // CUBLAS_STATUS_INTERNAL_ERROR
        case Library::CUDNN: return 5000;  // CUDNN_STATUS_EXECUTION_FAILED
        default: return UNKNOWN;
    }
}

/* As snprintf. */
int64_t copy_text(const std::string& from, char* text, int64_t size) {
    if (text && size > 0) {
        const std::size_t bytes = std::min(from.size(), std::size_t(size - 1));
        std::memcpy(text, from.data(), bytes);
        text[bytes] = 0;
    }
    return int64_t(from.size());
}

}  // namespace

std::mutex& mutex() {
    static std::mutex& only = *new std::mutex;
    return only;
}

int begin_call(Library library, const char* function, const void* stream) {
    const Queue* queue = stream == NO_STREAM ? nullptr : queue_of(stream);
    state().calls.push_back({function, queue && queue->capture});
    int status = 0;
    for (PlannedFailure& plan : state().plans)
        if ((plan.function.empty() || plan.function == function) && --plan.calls_to_go == 0)
            status = plan.function.empty() ? general_failure(library) : plan.status;
    std::erase_if(state().plans, [](const PlannedFailure& plan) { return plan.calls_to_go <= 0; });
    return status;
}

int remember(int error) {
    if (error != SUCCESS) last_error = error;
    return error;
}

int sticking_error(int device) { return state().sticking[device]; }

void stick(int device, const Outcome& outcome) {
    if (state().sticking[device] == SUCCESS) state().sticking[device] = outcome.error;
    if (state().fault.empty()) state().fault = outcome.sentence;
}

void forget_sticking_errors() {
    std::fill_n(state().sticking, DEVICES, 0);
    state().fault.clear();
}

void register_object(const void* handle, Object* object, Kind kind) {
    object->kind = kind;
    object->device = current_device();
    object->alive = true;
    state().objects[handle] = object;
    ++state().alive[int(kind)];
}

Object* find_object(const void* handle, Kind kind) {
    const auto found = state().objects.find(handle);
    return found != state().objects.end() && found->second->alive && found->second->kind == kind ? found->second : nullptr;
}

void retire_object(Object* object) {
    object->alive = false;
    --state().alive[int(object->kind)];
}

}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API void emulated_reset(void) {
    const std::lock_guard lock(mutex());
    state().calls.clear();
    state().plans.clear();
    forget_sticking_errors();
    set_total_memory(int64_t(8) << 30);
    last_error = 0;
}

EMULATED_API void emulated_fail(const char* function, int64_t nth, int32_t status) {
    const std::lock_guard lock(mutex());
    state().plans.push_back({function ? function : "", nth, status});
}

EMULATED_API int64_t emulated_calls(void) {
    const std::lock_guard lock(mutex());
    return int64_t(state().calls.size());
}

EMULATED_API int64_t emulated_log(char* text, int64_t size) {
    const std::lock_guard lock(mutex());
    std::string log;
    for (const LoggedCall& call : state().calls) log.append(call.function).append(call.capturing ? " capturing\n" : "\n");
    return copy_text(log, text, size);
}

EMULATED_API int64_t emulated_live_objects(void) {
    const std::lock_guard lock(mutex());
    int64_t sum = 0;
    for (int64_t count : state().alive) sum += count;
    return sum;
}

EMULATED_API int64_t emulated_live_kinds(char* text, int64_t size) {
    const std::lock_guard lock(mutex());
    std::string kinds;
    for (int kind = 0; kind < KINDS; ++kind)
        if (state().alive[kind] != 0) kinds.append(KIND_NAMES[kind]).append(" ").append(std::to_string(state().alive[kind])).append("\n");
    return copy_text(kinds, text, size);
}

EMULATED_API void emulated_set_memory(int64_t total) {
    const std::lock_guard lock(mutex());
    set_total_memory(total);
}

EMULATED_API const char* emulated_last_fault(void) {
    const std::lock_guard lock(mutex());
    return state().fault.c_str();
}

EMULATED_API int cudaPeekAtLastError(void) {
    const std::lock_guard lock(mutex());
    const int sticking = sticking_error(current_device());
    return sticking != 0 ? sticking : last_error;
}

EMULATED_API int cudaGetLastError(void) {
    const int error = cudaPeekAtLastError();
    last_error = 0;
    return error;
}
