/* emulated_libraries.cpp: the parts of emulated_libraries.hpp that are not templates. */
#include "emulated_libraries.hpp"

namespace leap::cases {

void expect_status(const char* call, int status, int wanted) {
    expect(status == wanted, "%s: status %d, wanted %d (%s)", call, status, wanted, emulated_last_fault());
}

std::string text_of(int64_t (*write)(char*, int64_t)) {
    std::string text(std::size_t(write(nullptr, 0)), ' ');
    write(text.data(), int64_t(text.size()) + 1);
    return text;
}

std::function<void()> leaves_nothing(std::function<void()> body) {
    return [body] {
        emulated_reset();
        const std::string before = text_of(emulated_live_kinds);
        body();
        const std::string after = text_of(emulated_live_kinds);
        emulated_reset();
        expect(before == after, "alive before: %s; after: %s", before.c_str(), after.c_str());
    };
}

Owned new_stream(unsigned flags) {
    void* stream = nullptr;
    EXPECT_OK(cudaStreamCreateWithFlags(&stream, flags));
    return {stream, cudaStreamDestroy};
}

Owned new_event(unsigned flags) {
    void* event = nullptr;
    EXPECT_OK(cudaEventCreateWithFlags(&event, flags));
    return {event, cudaEventDestroy};
}

}  // namespace leap::cases
