/* cublas_lt.cpp: cuBLASLt's matrix products, as far as linear layers use them.
 *
 * What      D = epilogue(alpha op(A) op(B) + beta C),  epilogue(x) = x, x + bias[row], gelu(x + bias[row]);
 *           gelu(x) = x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3)))
 * Layouts   column-major: element (i, j) lies at i + j * ld. op(A): (m, k), op(B): (k, n), C and D: (m, n)
 * A thread  that waits computes
 * Wants     A, B both float32 or both bfloat16; C and D alike, float32 or (of bfloat16) bfloat16; bias as D; products and sums in
 *           float32; pointers as aligned as the heuristic was told
 * Source    cuBLAS documentation, cublasLtMatmul and its attributes; GELU: Hendrycks and Gimpel 2016
 */
#include <cmath>
#include <cstring>
#include <memory>

#include "emulation/libraries/elements.hpp"
#include "emulation/libraries/runtime.hpp"

namespace leap::emulation {
namespace {

/* ---- cuBLAS's numbers ------------------------------------------------------------------------------------------- */

enum : int {
    STATUS_SUCCESS = 0,
    NOT_INITIALIZED = 1,
    ALLOC_FAILED = 3,
    INVALID_VALUE = 7,
    ARCH_MISMATCH = 8,
    EXECUTION_FAILED = 13,
    INTERNAL_ERROR = 14,
    NOT_SUPPORTED = 15
};

struct NamedStatus {
    int status;
    const char *name, *text;
};

constexpr NamedStatus STATUSES[] = {
    {STATUS_SUCCESS, "CUBLAS_STATUS_SUCCESS", "success"},
    {NOT_INITIALIZED, "CUBLAS_STATUS_NOT_INITIALIZED", "the library was not initialized"},
    {ALLOC_FAILED, "CUBLAS_STATUS_ALLOC_FAILED", "the resource allocation failed"},
    {INVALID_VALUE, "CUBLAS_STATUS_INVALID_VALUE", "an unsupported value or parameter was passed to the function"},
    {ARCH_MISMATCH, "CUBLAS_STATUS_ARCH_MISMATCH", "the requested feature is absent from the device architecture"},
    {EXECUTION_FAILED, "CUBLAS_STATUS_EXECUTION_FAILED", "the GPU program failed to execute"},
    {INTERNAL_ERROR, "CUBLAS_STATUS_INTERNAL_ERROR", "an internal operation failed"},
    {NOT_SUPPORTED, "CUBLAS_STATUS_NOT_SUPPORTED", "the functionality requested is not supported"},
};

const NamedStatus& named(int status) {
    static constexpr NamedStatus UNNAMED = {-1, "CUBLAS_STATUS_UNKNOWN", "unknown status"};
    for (const NamedStatus& candidate : STATUSES)
        if (candidate.status == status) return candidate;
    return UNNAMED;
}

enum : int { CUDA_R_32F = 0, CUDA_R_16BF = 14, AS_D = -1 };
enum : int { COMPUTE_32F = 68 };
enum : int { OP_N = 0, OP_T = 1, OP_C = 2 };
enum : uint32_t { EPILOGUE_DEFAULT = 1, EPILOGUE_BIAS = 4, EPILOGUE_GELU_BIAS = 36 };
enum : int { DESC_TRANSA = 3, DESC_TRANSB = 4, DESC_EPILOGUE = 7, DESC_BIAS_POINTER = 8, DESC_BIAS_DATA_TYPE = 26 };
enum : int { PREFERENCE_MAX_WORKSPACE = 1, PREFERENCE_ALIGNMENT_A = 5, PREFERENCE_ALIGNMENT_D = 8 };

/* ---- objects ------------------------------------------------------------------------------------------------------ */

struct Handle : Object {
    static constexpr Kind KIND = Kind::CUBLAS_HANDLE;
};

struct Descriptor : Object {
    static constexpr Kind KIND = Kind::MATMUL_DESCRIPTOR;
    int32_t transposed_a = OP_N, transposed_b = OP_N;
    uint32_t epilogue = EPILOGUE_DEFAULT;
    const void* bias = nullptr;
    int32_t bias_type = AS_D;
};

struct Layout : Object {
    static constexpr Kind KIND = Kind::MATRIX_LAYOUT;
    int type;
    int64_t rows, columns, stride;

    Dtype dtype() const { return type == CUDA_R_32F ? Dtype::F32 : Dtype::BF16; }
    int64_t bytes() const { return ((columns - 1) * stride + rows) * bytes_of(dtype()); }
};

/* Alignments of A, B, C and D in bytes. */
struct Preference : Object {
    static constexpr Kind KIND = Kind::MATMUL_PREFERENCE;
    uint64_t max_workspace = 0;
    uint32_t alignments[4] = {256, 256, 256, 256};
};

/* cublasLtMatmulAlgo_t: opaque to its users. */
struct Algorithm {
    static constexpr uint64_t MARK = 0x4D61736B6C656170;
    uint64_t mark, number, workspace, problem, alignments, check, reserved[2];

    uint64_t sum() const { return mark ^ number * 3 ^ workspace * 5 ^ problem * 7 ^ alignments * 11; }
    uint64_t alignment(int operand) const { return alignments >> 16 * operand & 0xFFFF; }
};
static_assert(sizeof(Algorithm) == 64);

/* cublasLtMatmulHeuristicResult_t. */
struct Candidate {
    Algorithm algorithm;
    std::size_t workspace;
    int state;
    float waves;
    int reserved[4];
};
static_assert(sizeof(Candidate) == 96);

constexpr uint64_t ALIGNMENT_OF_WORKSPACE = 256;

/* The fastest first, as the heuristic claims. */
constexpr uint64_t WORKSPACES[] = {4 << 20, 0, 64 << 10};

struct Problem {
    Descriptor descriptor;
    Layout a, b, c, d;

    int64_t depth() const { return descriptor.transposed_a == OP_N ? a.columns : a.rows; }
    bool has_bias() const { return descriptor.epilogue != EPILOGUE_DEFAULT; }

    /* What an algorithm was chosen for. */
    uint64_t fingerprint() const {
        uint64_t hash = 1469598103934665603;  // FNV-1a
        const auto add = [&](uint64_t value) { hash = (hash ^ value) * 1099511628211; };
        add(descriptor.transposed_a), add(descriptor.transposed_b), add(descriptor.epilogue);
        for (const Layout* layout : {&a, &b, &c, &d})
            add(layout->type), add(layout->rows), add(layout->columns), add(layout->stride);
        return hash;
    }
};

/* What holds whatever the pointers are. */
int check(const Problem& p) {
    const auto rows = [](const Layout& x, int op) { return op == OP_N ? x.rows : x.columns; };
    const auto columns = [](const Layout& x, int op) { return op == OP_N ? x.columns : x.rows; };
    for (const Layout* layout : {&p.a, &p.b, &p.c, &p.d})
        if (layout->rows < 1 || layout->columns < 1 || layout->stride < layout->rows) return INVALID_VALUE;
    if (rows(p.a, p.descriptor.transposed_a) != p.d.rows || columns(p.b, p.descriptor.transposed_b) != p.d.columns ||
        rows(p.b, p.descriptor.transposed_b) != p.depth() || p.c.rows != p.d.rows || p.c.columns != p.d.columns)
        return INVALID_VALUE;
    if (p.a.type != p.b.type || p.c.type != p.d.type || (p.a.type == CUDA_R_32F && p.d.type != CUDA_R_32F)) return NOT_SUPPORTED;
    const uint32_t epilogue = p.descriptor.epilogue;
    if (epilogue != EPILOGUE_DEFAULT && epilogue != EPILOGUE_BIAS && epilogue != EPILOGUE_GELU_BIAS) return NOT_SUPPORTED;
    const int bias_type = p.descriptor.bias_type;
    return p.has_bias() && bias_type != AS_D && bias_type != p.d.type ? NOT_SUPPORTED : STATUS_SUCCESS;
}

/* ---- the product ------------------------------------------------------------------------------------------------------- */

float gelu(float x) { return 0.5f * x * (1 + std::tanh(0.7978845608f * (x + 0.044715f * x * x * x))); }

/* A matrix as float32, (rows, columns) row-major, transposed where `flip`. */
std::vector<float> row_major(const void* memory, const Layout& layout, bool flip) {
    std::vector<float> out(layout.rows * layout.columns);
    for (int64_t j = 0; j < layout.columns; ++j)
        for (int64_t i = 0; i < layout.rows; ++i)
            out[flip ? j * layout.rows + i : i * layout.columns + j] = load(layout.dtype(), memory, j * layout.stride + i);
    return out;
}

class Product : public Work {
public:
    Problem problem;
    float alpha, beta;
    const void *a, *b, *c;
    void *d, *workspace;
    uint64_t workspace_bytes = 0;

    Outcome run() const override {
        const Problem& p = problem;
        const Outcome outcomes[] = {
            check_access("cublasLtMatmul: A", a, p.a.bytes()),
            check_access("cublasLtMatmul: B", b, p.b.bytes()),
            check_access("cublasLtMatmul: C", c, beta == 0 ? 0 : p.c.bytes()),
            check_access("cublasLtMatmul: D", d, p.d.bytes()),
            check_access("cublasLtMatmul: bias", p.descriptor.bias, p.has_bias() ? p.d.rows * bytes_of(p.d.dtype()) : 0),
            check_access("cublasLtMatmul: workspace", workspace, int64_t(workspace_bytes))};
        for (const Outcome& outcome : outcomes)
            if (outcome.error != SUCCESS) return outcome;
        if (workspace_bytes > 0) std::memset(workspace, 0xFF, workspace_bytes);
        multiply();
        return {};
    }

private:
    void multiply() const {
        const int64_t m = problem.d.rows, n = problem.d.columns, k = problem.depth();
        const std::vector<float> left = row_major(a, problem.a, problem.descriptor.transposed_a == OP_N);    // (k, m)
        const std::vector<float> right = row_major(b, problem.b, problem.descriptor.transposed_b == OP_N);   // (n, k)
        std::vector<float> sums(ROWS * m);
        for (int64_t first = 0; first < n; first += ROWS) {
            std::fill(sums.begin(), sums.end(), 0.0f);
            const float* rows[ROWS];
            float* sum[ROWS];
            for (int64_t j = 0; j < ROWS; ++j) {
                rows[j] = &right[std::min(first + j, n - 1) * k];
                sum[j] = &sums[j * m];
            }
            multiply_add(left.data(), m, k, rows, sum);
            for (int64_t j = 0; j < std::min<int64_t>(ROWS, n - first); ++j) finish(sum[j], first + j);
        }
    }

    void finish(const float* sums, int64_t column) const {
        const Dtype dtype = problem.d.dtype();
        for (int64_t i = 0; i < problem.d.rows; ++i) {
            float x = alpha * sums[i];
            if (beta != 0) x += beta * load(dtype, c, column * problem.c.stride + i);
            if (problem.has_bias()) x += load(dtype, problem.descriptor.bias, i);
            if (problem.descriptor.epilogue == EPILOGUE_GELU_BIAS) x = gelu(x);
            store(dtype, d, column * problem.d.stride + i, x);
        }
    }
};

bool is_aligned(const void* pointer, uint64_t bytes) { return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0; }

/* What an algorithm wants of the pointers and the workspace; no algorithm wants nothing. */
int check(const Product& product, const Algorithm* algorithm, std::size_t workspace_bytes) {
    if (!algorithm) return STATUS_SUCCESS;
    if (algorithm->mark != Algorithm::MARK || algorithm->check != algorithm->sum()) return INVALID_VALUE;
    if (algorithm->problem != product.problem.fingerprint()) return NOT_SUPPORTED;
    if (algorithm->workspace > workspace_bytes) return INVALID_VALUE;
    if (algorithm->workspace > 0 && (!product.workspace || !is_aligned(product.workspace, ALIGNMENT_OF_WORKSPACE))) return INVALID_VALUE;
    const void* const operands[] = {product.a, product.b, product.c, product.d};
    for (int i = 0; i < 4; ++i)
        if (!is_aligned(operands[i], algorithm->alignment(i))) return NOT_SUPPORTED;
    return STATUS_SUCCESS;
}

/* Reads an attribute's value. */
template <class T>
int take(T& value, const void* from, std::size_t bytes) {
    if (!from || bytes != sizeof value) return INVALID_VALUE;
    std::memcpy(&value, from, sizeof value);
    return STATUS_SUCCESS;
}

int take_operation(int32_t& operation, const void* from, std::size_t bytes) {
    int32_t wanted;
    if (const int status = take(wanted, from, bytes)) return status;
    if (wanted < OP_N || wanted > OP_C) return INVALID_VALUE;
    operation = wanted;
    return STATUS_SUCCESS;
}

int take_type(int32_t& type, const void* from, std::size_t bytes) {
    int32_t wanted;
    if (const int status = take(wanted, from, bytes)) return status;
    if (wanted != CUDA_R_32F && wanted != CUDA_R_16BF) return NOT_SUPPORTED;
    type = wanted;
    return STATUS_SUCCESS;
}

int take_alignment(uint32_t& alignment, const void* from, std::size_t bytes) {
    uint32_t wanted;
    if (const int status = take(wanted, from, bytes)) return status;
    if (wanted == 0 || (wanted & (wanted - 1)) != 0 || wanted > 1u << 15) return INVALID_VALUE;
    alignment = wanted;
    return STATUS_SUCCESS;
}

/* The descriptor and the layouts by their handles; false where one is none. */
bool look_up(Problem& problem, const void* descriptor, const void* a, const void* b, const void* c, const void* d) {
    const Descriptor* found = find<Descriptor>(descriptor);
    const Layout* layouts[] = {find<Layout>(a), find<Layout>(b), find<Layout>(c), find<Layout>(d)};
    for (const Layout* layout : layouts)
        if (!layout) return false;
    if (!found) return false;
    problem = {*found, *layouts[0], *layouts[1], *layouts[2], *layouts[3]};
    return true;
}

int cublas_call(const char* function, auto&& body) { return call(Library::CUBLAS, function, NO_STREAM, body); }

template <class T>
int destroy(void* handle, int unknown = INVALID_VALUE) {
    T* object = find<T>(handle);
    if (!object) return unknown;
    retire_object(object);
    return STATUS_SUCCESS;
}

/* Candidates for a problem, as many as asked for; returns how many. */
int propose(const Problem& problem, const Preference& preference, int wanted, Candidate* results) {
    int count = 0;
    for (uint64_t number = 0; number < std::size(WORKSPACES) && count < wanted; ++number) {
        const uint64_t workspace = WORKSPACES[number];
        if (workspace > preference.max_workspace) continue;
        Algorithm algorithm{Algorithm::MARK, number, workspace, problem.fingerprint(), 0, 0, {}};
        for (int i = 0; i < 4; ++i) algorithm.alignments |= uint64_t(preference.alignments[i]) << 16 * i;
        algorithm.check = algorithm.sum();
        results[count++] = {algorithm, workspace, STATUS_SUCCESS, 1.0f, {}};
    }
    return count;
}

}  // namespace
}  // namespace leap::emulation

using namespace leap::emulation;

EMULATED_API std::size_t cublasLtGetVersion(void) { return 130000; }
EMULATED_API std::size_t cublasLtGetCudartVersion(void) { return CUDA_VERSION; }
EMULATED_API const char* cublasLtGetStatusName(int status) { return named(status).name; }
EMULATED_API const char* cublasLtGetStatusString(int status) { return named(status).text; }

EMULATED_API int cublasLtCreate(void** handle) {
    return cublas_call("cublasLtCreate", [&]() -> int {
        if (!handle) return INVALID_VALUE;
        *handle = create<Handle>();
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cublasLtDestroy(void* handle) {
    return cublas_call("cublasLtDestroy", [&] { return destroy<Handle>(handle, NOT_INITIALIZED); });
}

EMULATED_API int cublasLtMatmulDescCreate(void** descriptor, int compute_type, int scale_type) {
    return cublas_call("cublasLtMatmulDescCreate", [&]() -> int {
        if (!descriptor) return INVALID_VALUE;
        if (compute_type != COMPUTE_32F || scale_type != CUDA_R_32F) return NOT_SUPPORTED;
        *descriptor = create<Descriptor>();
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cublasLtMatmulDescDestroy(void* descriptor) {
    return cublas_call("cublasLtMatmulDescDestroy", [&] { return destroy<Descriptor>(descriptor); });
}

EMULATED_API int cublasLtMatmulDescSetAttribute(void* descriptor, int attribute, const void* value, std::size_t bytes) {
    return cublas_call("cublasLtMatmulDescSetAttribute", [&]() -> int {
        Descriptor* found = find<Descriptor>(descriptor);
        if (!found) return INVALID_VALUE;
        switch (attribute) {
            case DESC_TRANSA: return take_operation(found->transposed_a, value, bytes);
            case DESC_TRANSB: return take_operation(found->transposed_b, value, bytes);
            case DESC_EPILOGUE: return take(found->epilogue, value, bytes);
            case DESC_BIAS_POINTER: return take(found->bias, value, bytes);
            case DESC_BIAS_DATA_TYPE: return take_type(found->bias_type, value, bytes);
            default: return NOT_SUPPORTED;
        }
    });
}

EMULATED_API int cublasLtMatrixLayoutCreate(void** layout, int type, uint64_t rows, uint64_t columns, int64_t stride) {
    return cublas_call("cublasLtMatrixLayoutCreate", [&]() -> int {
        if (!layout) return INVALID_VALUE;
        if (type != CUDA_R_32F && type != CUDA_R_16BF) return NOT_SUPPORTED;
        Layout* created = create<Layout>();
        created->type = type, created->rows = int64_t(rows), created->columns = int64_t(columns), created->stride = stride;
        *layout = created;
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cublasLtMatrixLayoutDestroy(void* layout) {
    return cublas_call("cublasLtMatrixLayoutDestroy", [&] { return destroy<Layout>(layout); });
}

EMULATED_API int cublasLtMatmulPreferenceCreate(void** preference) {
    return cublas_call("cublasLtMatmulPreferenceCreate", [&]() -> int {
        if (!preference) return INVALID_VALUE;
        *preference = create<Preference>();
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cublasLtMatmulPreferenceDestroy(void* preference) {
    return cublas_call("cublasLtMatmulPreferenceDestroy", [&] { return destroy<Preference>(preference); });
}

EMULATED_API int cublasLtMatmulPreferenceSetAttribute(void* preference, int attribute, const void* value, std::size_t bytes) {
    return cublas_call("cublasLtMatmulPreferenceSetAttribute", [&]() -> int {
        Preference* found = find<Preference>(preference);
        if (!found) return INVALID_VALUE;
        if (attribute == PREFERENCE_MAX_WORKSPACE) return take(found->max_workspace, value, bytes);
        if (attribute < PREFERENCE_ALIGNMENT_A || attribute > PREFERENCE_ALIGNMENT_D) return NOT_SUPPORTED;
        return take_alignment(found->alignments[attribute - PREFERENCE_ALIGNMENT_A], value, bytes);
    });
}

EMULATED_API int cublasLtMatmulAlgoGetHeuristic(void* handle, void* descriptor, void* a, void* b, void* c, void* d, void* preference,
                                                int wanted, Candidate* results, int* count) {
    return cublas_call("cublasLtMatmulAlgoGetHeuristic", [&]() -> int {
        if (!find<Handle>(handle)) return NOT_INITIALIZED;
        const Preference* found = find<Preference>(preference);
        Problem problem;
        if (!look_up(problem, descriptor, a, b, c, d) || !found || wanted < 1 || !results || !count) return INVALID_VALUE;
        *count = 0;
        if (const int status = check(problem)) return status;
        *count = propose(problem, *found, wanted, results);
        return STATUS_SUCCESS;
    });
}

EMULATED_API int cublasLtMatmul(void* handle, void* descriptor, const void* alpha, const void* a, void* a_layout, const void* b,
                                void* b_layout, const void* beta, const void* c, void* c_layout, void* d, void* d_layout,
                                const Algorithm* algorithm, void* workspace, std::size_t workspace_bytes, void* stream) {
    return call(Library::CUBLAS, "cublasLtMatmul", stream, [&]() -> int {
        const Handle* found = find<Handle>(handle);
        if (!found) return NOT_INITIALIZED;
        if (found->device != current_device()) return INVALID_VALUE;
        auto product = std::make_unique<Product>();
        if (!look_up(product->problem, descriptor, a_layout, b_layout, c_layout, d_layout)) return INVALID_VALUE;
        if (!alpha || !beta || !a || !b || !d) return INVALID_VALUE;
        std::memcpy(&product->alpha, alpha, sizeof(float));
        std::memcpy(&product->beta, beta, sizeof(float));
        product->a = a, product->b = b, product->c = c, product->d = d, product->workspace = workspace;
        const Problem& problem = product->problem;
        if (const int status = check(problem)) return status;
        if (product->beta != 0 && !c) return INVALID_VALUE;
        if (c == d && problem.c.stride != problem.d.stride) return INVALID_VALUE;
        if (problem.has_bias() && !problem.descriptor.bias) return INVALID_VALUE;
        if (const int status = check(*product, algorithm, workspace_bytes)) return status;
        product->workspace_bytes = algorithm ? algorithm->workspace : 0;
        return enqueue(stream, product.release()) == SUCCESS ? STATUS_SUCCESS : EXECUTION_FAILED;
    });
}
