/* main.cpp: runs the kernel cases on the library that it was linked with.
 *
 *     maskleap_cases [--filter TEXT] [--without TEXT] [--seeds N] [--small] [--unfilled] [--list]
 *                    [--json FILE]
 *
 *     --filter TEXT   only cases whose "kernel: name" contains TEXT
 *     --without TEXT  none whose "kernel: name" contains TEXT
 *     --seeds N       emulated: every case under N schedules of threads, blocks and asynchronous copies (default 1)
 *     --small         leave out the cases of real sizes, as the emulation always does
 *     --unfilled      on a GPU: buffers are not filled before they are written, for compute-sanitizer's initcheck; what cases expect
 *                     of untouched memory fails then
 *     --list          print the names
 *     --json FILE     also write the counts per kernel and the failures
 *
 * Exit status: 0 where all cases passed, 1 where one failed, 2 where the command line is wrong, 3 where this machine lacks what the
 * library was compiled for.
 */
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

#include "case.hpp"

namespace leap::cases {
namespace {

struct Options {
    std::string filter, without, json;
    unsigned seeds = 1;
    bool small = false, list = false;
};

struct Outcome {
    int right = 0, left_out = 0;
    std::vector<std::string> failures;  // "name: sentence"

    int cases() const { return right + left_out + int(failures.size()); }
};

[[noreturn]] void refuse(const std::string& sentence) {
    std::fprintf(stderr, "maskleap_cases: %s\n", sentence.c_str());
    std::exit(2);
}

Options parse(int count, char** arguments) {
    Options options;
    for (int i = 1; i < count; ++i) {
        const std::string argument = arguments[i];
        const auto value = [&] {
            if (++i >= count) refuse(argument + " needs a value");
            return std::string(arguments[i]);
        };
        if (argument == "--filter") options.filter = value();
        else if (argument == "--without") options.without = value();
        else if (argument == "--json") options.json = value();
        else if (argument == "--seeds") options.seeds = unsigned(std::strtoul(value().c_str(), nullptr, 10));
        else if (argument == "--small") options.small = true;
        else if (argument == "--unfilled") device::leave_unfilled();
        else if (argument == "--list") options.list = true;
        else refuse("unknown argument '" + argument + "' (wanted: --filter, --without, --seeds, --small, --unfilled, --list, --json)");
    }
    if (options.seeds < 1) refuse("--seeds must be at least 1");
    return options;
}

/* Runs a case and adds to the outcome; "" or why the case failed. */
std::string run(const Case& a_case, unsigned seeds, Outcome& outcome) {
    for (unsigned seed = 1; seed <= seeds; ++seed) {
        device::set_schedule(seed);
        try {
            a_case.body();
        } catch (const LeftOut&) {
            ++outcome.left_out;
            return "";
        } catch (const std::exception& e) {
            const std::string failure = seeds == 1 ? e.what() : text("schedule %u: %s", seed, e.what());
            outcome.failures.push_back(a_case.name + ": " + failure);
            return failure;
        }
    }
    ++outcome.right;
    return "";
}

bool is_wanted(const Case& a_case, const std::string& title, const Options& options) {
    return title.find(options.filter) != std::string::npos &&
           (options.without.empty() || title.find(options.without) == std::string::npos) &&
           (!a_case.large || (device::is_fast() && !options.small));
}

std::string quoted(const std::string& text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    return out + '"';
}

void write_json(const std::string& path, const std::map<std::string, Outcome>& outcomes) {
    std::ofstream file(path);
    file << "{\n  \"device\": " << quoted(device::name()) << ",\n  \"library\": " << quoted(leap_library_info())
         << ",\n  \"kernels\": {";
    const char* separator = "\n";
    for (const auto& [kernel, outcome] : outcomes) {
        file << separator << "    " << quoted(kernel) << ": {\"right\": " << outcome.right
             << ", \"left_out\": " << outcome.left_out << ", \"failures\": [";
        for (std::size_t i = 0; i < outcome.failures.size(); ++i) file << (i ? ", " : "") << quoted(outcome.failures[i]);
        file << "]}";
        separator = ",\n";
    }
    file << "\n  }\n}\n";
    if (!file) refuse("cannot write " + path);
}

int run_all(const Options& options) {
    if (!options.list && !leap_is_supported()) {
        std::printf("no case was run: %s\n", leap_last_error());
        return 3;
    }
    std::map<std::string, Outcome> outcomes;
    const auto start = std::chrono::steady_clock::now();
    for (const Case& a_case : all_cases()) {
        const std::string title = a_case.kernel + ": " + a_case.name;
        if (!is_wanted(a_case, title, options)) continue;
        if (options.list) {
            std::puts(title.c_str());
            continue;
        }
        const std::string failure = run(a_case, options.seeds, outcomes[a_case.kernel]);
        if (!failure.empty()) std::printf("FAILED  %s\n        %s\n", title.c_str(), failure.c_str());
        std::fflush(stdout);
    }
    if (options.list) return 0;
    int cases = 0, left_out = 0, failed = 0;
    for (const auto& [kernel, outcome] : outcomes) {
        cases += outcome.cases(), left_out += outcome.left_out, failed += int(outcome.failures.size());
        std::printf("%-22s %4d cases%s%s\n", kernel.c_str(), outcome.cases(),
                    outcome.left_out == 0 ? "" : text(", %d left out", outcome.left_out).c_str(),
                    outcome.failures.empty() ? "" : text(", %zu FAILED", outcome.failures.size()).c_str());
    }
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    std::printf("%d cases on %s (%u schedule%s), %d failed, %d left out, %.1f s\n", cases, device::name().c_str(), options.seeds,
                options.seeds == 1 ? "" : "s", failed, left_out, elapsed.count());
    if (!options.json.empty()) write_json(options.json, outcomes);
    if (cases == 0) refuse("no case is called '" + options.filter + "'");
    return failed == 0 ? 0 : 1;
}

}  // namespace
}  // namespace leap::cases

int main(int count, char** arguments) { return leap::cases::run_all(leap::cases::parse(count, arguments)); }
