/* emulated_products_cases.cpp: the emulated cuBLASLt computes what its documentation says, and refuses what the real one refuses.
 */
#include "emulated_libraries.hpp"

namespace leap::cases {
namespace {

enum : int { F32 = 0, BF16 = 14 };
enum : int { TRANSA = 3, TRANSB = 4, EPILOGUE = 7, BIAS_POINTER = 8, BIAS_TYPE = 26 };
enum : uint32_t { DEFAULT = 1, BIAS = 4, GELU_BIAS = 36 };

template <class T>
inline constexpr int TYPE = std::is_same_v<T, Bf16> ? BF16 : F32;

/* A product and all that it is described by: op(A) is (m, k), op(B) is (k, n), leading dimensions are two larger than need be. */
struct Setup {
    int64_t m, n, k;
    bool flip_a, flip_b;
    Owned stream = new_stream(), handle{cublasLtCreate, cublasLtDestroy}, descriptor, a, b, d, preference;

    Setup(int64_t m, int64_t n, int64_t k, bool flip_a, bool flip_b, int in, int out)
        : m(m), n(n), k(k), flip_a(flip_a), flip_b(flip_b), descriptor(new_descriptor(), cublasLtMatmulDescDestroy),
          a(layout(in, flip_a ? k : m, flip_a ? m : k)), b(layout(in, flip_b ? n : k, flip_b ? k : n)), d(layout(out, m, n)),
          preference(cublasLtMatmulPreferenceCreate, cublasLtMatmulPreferenceDestroy) {
        const int32_t flips[] = {flip_a, flip_b};
        set(TRANSA, flips[0]);
        set(TRANSB, flips[1]);
    }

    static void* new_descriptor() {
        void* descriptor = nullptr;
        EXPECT_OK(cublasLtMatmulDescCreate(&descriptor, 68, F32));
        return descriptor;
    }
    static Owned layout(int type, int64_t rows, int64_t columns) {
        void* layout = nullptr;
        EXPECT_OK(cublasLtMatrixLayoutCreate(&layout, type, rows, columns, rows + 2));
        return {layout, cublasLtMatrixLayoutDestroy};
    }

    int64_t a_size() const { return ((flip_a ? k : m) + 2) * (flip_a ? m : k); }
    int64_t b_size() const { return ((flip_b ? n : k) + 2) * (flip_b ? k : n); }
    int64_t d_size() const { return (m + 2) * n; }
    int64_t a_at(int64_t i, int64_t p) const { return flip_a ? p + i * (k + 2) : i + p * (m + 2); }
    int64_t b_at(int64_t p, int64_t j) const { return flip_b ? j + p * (n + 2) : p + j * (k + 2); }

    template <class V>
    void set(int attribute, V value) const {
        EXPECT_OK(cublasLtMatmulDescSetAttribute(descriptor, attribute, &value, sizeof value));
    }
    template <class V>
    void prefer(int attribute, V value) const {
        EXPECT_OK(cublasLtMatmulPreferenceSetAttribute(preference, attribute, &value, sizeof value));
    }

    std::vector<cublasLtHeuristicResult> algorithms(int wanted = 8) const {
        std::vector<cublasLtHeuristicResult> results(wanted);
        int count = 0;
        EXPECT_OK(cublasLtMatmulAlgoGetHeuristic(handle, descriptor, a, b, d, d, preference, wanted, results.data(), &count));
        results.resize(count);
        return results;
    }

    int multiply(const void* x, const void* y, const void* c, void* out, const cublasLtAlgo* algorithm = nullptr,
                 void* workspace = nullptr, std::size_t bytes = 0, float alpha = 1, float beta = 0) const {
        return cublasLtMatmul(handle, descriptor, &alpha, x, a, y, b, &beta, c, d, out, d, algorithm, workspace, bytes, stream);
    }
};

template <class In, class Out>
void check_product(int64_t m, int64_t n, int64_t k, bool flip_a, bool flip_b, uint32_t epilogue, float alpha, float beta) {
    const Setup s(m, n, k, flip_a, flip_b, TYPE<In>, TYPE<Out>);
    Random random;
    const auto x = random.normals<In>(s.a_size()), y = random.normals<In>(s.b_size());
    const auto c = random.normals<Out>(s.d_size()), bias = random.normals<Out>(m);
    const Memory<In> x_device(x), y_device(y);
    const Memory<Out> bias_device(bias);
    EXPECT_OK(cudaStreamSynchronize(nullptr));
    s.set(EPILOGUE, epilogue);
    s.set(BIAS_POINTER, bias_device.data());
    s.prefer(1, uint64_t(8) << 20);
    std::vector<double> reference(m * n), plain(m * n);
    const auto formula = [&]<class Real>(Real, int64_t i, int64_t j) {
        Real sum = 0;
        for (int64_t p = 0; p < k; ++p) sum += Real(to_double(x[s.a_at(i, p)])) * Real(to_double(y[s.b_at(p, j)]));
        sum = Real(alpha) * sum + (beta == 0 ? Real(0) : Real(beta) * Real(to_double(c[i + j * (m + 2)])));
        if (epilogue != DEFAULT) sum += Real(to_double(bias[i]));
        if (epilogue != GELU_BIAS) return sum;
        return Real(0.5) * sum * (1 + std::tanh(Real(0.79788456080286536) * (sum + Real(0.044715) * sum * sum * sum)));
    };
    for (int64_t j = 0; j < n; ++j)
        for (int64_t i = 0; i < m; ++i) {
            reference[i + j * m] = formula(double(), i, j);
            plain[i + j * m] = rounded_to<Out>(formula(float(), i, j));
        }
    const auto algorithms = s.algorithms();
    expect(algorithms.size() == 3, "%zu algorithms", algorithms.size());
    const Memory<char> workspace(8 << 20);
    for (const cublasLtHeuristicResult& algorithm : algorithms) {
        Memory<Out> d(c);  // in place of C
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        EXPECT_OK(s.multiply(x_device.data(), y_device.data(), d.data(), d.data(), &algorithm.algo, workspace.data(),
                             algorithm.workspace, alpha, beta));
        const std::vector<Out> out = d.read(s.stream);
        std::vector<double> actual(m * n);
        for (int64_t j = 0; j < n; ++j) {
            for (int64_t i = 0; i < m; ++i) actual[i + j * m] = to_double(out[i + j * (m + 2)]);
            for (int64_t i = m; i < m + 2; ++i) expect(to_double(out[i + j * (m + 2)]) == to_double(c[i + j * (m + 2)]), "a gap was written");
        }
        expect_close("D", actual, reference, plain, FLOOR<Out>);
    }
}

const char* name_of(uint32_t epilogue) { return epilogue == DEFAULT ? "no epilogue" : epilogue == BIAS ? "bias" : "GELU"; }

}  // namespace

LEAP_CASES(emulated_cublas_lt) {
    const auto define_case = [&](const std::string& name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    for (uint32_t epilogue : {DEFAULT, BIAS, GELU_BIAS})
        for (bool flip_a : {false, true})
            for (bool flip_b : {false, true}) {
                const std::string name = text("%s, op %c%c", name_of(epilogue), flip_a ? 'T' : 'N', flip_b ? 'T' : 'N');
                define_case(name + ", f32", [=] { check_product<float, float>(33, 7, 20, flip_a, flip_b, epilogue, 1, 0); });
                define_case(name + ", bf16", [=] { check_product<Bf16, Bf16>(16, 5, 40, flip_a, flip_b, epilogue, 1, 0); });
                define_case(name + ", bf16 to f32", [=] { check_product<Bf16, float>(17, 4, 9, flip_a, flip_b, epilogue, 1, 0); });
            }
    define_case("alpha, beta and C, f32", [] { check_product<float, float>(5, 6, 7, true, false, BIAS, 0.5f, -2); });
    define_case("alpha, beta and C, bf16", [] { check_product<Bf16, Bf16>(5, 6, 7, true, false, DEFAULT, -1.5f, 1); });
    define_case("one by one", [] { check_product<float, float>(1, 1, 1, false, false, DEFAULT, 1, 0); });

    define_case("C is not read where beta is 0", [] {
        const Setup s(4, 4, 4, false, false, F32, F32);
        Random random;
        const Memory<float> x(random.normals<float>(s.a_size())), y(random.normals<float>(s.b_size())), d(s.d_size());
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        EXPECT_OK(s.multiply(x.data(), y.data(), nullptr, d.data()));
        expect(std::isfinite(d.read(s.stream)[0]), "NaN came through");
        EXPECT_STATUS(7, s.multiply(x.data(), y.data(), nullptr, d.data(), nullptr, nullptr, 0, 1, 1));
    });
    define_case("a workspace is scribbled on", [] {
        const Setup s(4, 4, 4, false, false, F32, F32);
        const Memory<float> x(s.a_size()), y(s.b_size()), d(s.d_size());
        Memory<float> workspace(std::vector<float>(1 << 20, 1.0f));
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        s.prefer(1, uint64_t(4) << 20);
        const auto algorithms = s.algorithms();
        EXPECT_OK(s.multiply(x.data(), y.data(), d.data(), d.data(), &algorithms[0].algo, workspace.data(), workspace.bytes()));
        expect(std::isnan(workspace.read(s.stream)[1000]), "the workspace is as it was");
    });
    define_case("algorithms fit the workspace, the pointers and the problem", [] {
        const Setup s(4, 4, 4, false, false, F32, F32), other(4, 4, 8, false, false, F32, F32);
        const Memory<float> x(100), y(100), d(100);
        const Memory<char> workspace(8 << 20);
        expect(s.algorithms().size() == 1 && s.algorithms()[0].workspace == 0, "a workspace where none is allowed");
        s.prefer(1, uint64_t(1) << 20);
        expect(s.algorithms().size() == 2 && s.algorithms(1).size() == 1, "not the algorithms that fit");
        cublasLtAlgo algorithm = s.algorithms()[1].algo;
        EXPECT_OK(s.multiply(x.data(), y.data(), d.data(), d.data(), &algorithm, workspace.data(), 64 << 10));
        EXPECT_STATUS(7, s.multiply(x.data(), y.data(), d.data(), d.data(), &algorithm, workspace.data(), (64 << 10) - 1));
        EXPECT_STATUS(7, s.multiply(x.data(), y.data(), d.data(), d.data(), &algorithm, workspace.data() + 16, 64 << 10));
        EXPECT_STATUS(15, s.multiply(x.data() + 4, y.data(), d.data(), d.data(), &algorithm, workspace.data(), 64 << 10));
        EXPECT_STATUS(15, other.multiply(x.data(), y.data(), d.data(), d.data(), &algorithm, workspace.data(), 64 << 10));
        algorithm.data[1] ^= 1;
        EXPECT_STATUS(7, s.multiply(x.data(), y.data(), d.data(), d.data(), &algorithm, workspace.data(), 64 << 10));
        s.prefer(5, uint32_t(16));
        algorithm = s.algorithms()[0].algo;
        EXPECT_OK(s.multiply(x.data() + 4, y.data(), d.data(), d.data(), &algorithm, nullptr, 0));
        const uint32_t odd = 3;
        EXPECT_STATUS(7, cublasLtMatmulPreferenceSetAttribute(s.preference, 5, &odd, sizeof odd));
    });
    define_case("types that do not go together", [] {
        const Setup f32(4, 4, 4, false, false, F32, BF16), mixed(4, 4, 4, false, false, BF16, F32);
        const Memory<float> x(100);
        int count = -1;
        cublasLtHeuristicResult result;
        EXPECT_STATUS(15, f32.multiply(x.data(), x.data(), x.data(), x.data()));
        EXPECT_STATUS(15, cublasLtMatmulAlgoGetHeuristic(f32.handle, f32.descriptor, f32.a, f32.b, f32.d, f32.d, f32.preference, 1,
                                                         &result, &count));
        expect(count == 0, "%d algorithms", count);
        mixed.set(EPILOGUE, uint32_t(BIAS));
        mixed.set(BIAS_POINTER, x.data());
        mixed.set(BIAS_TYPE, int32_t(BF16));
        EXPECT_STATUS(15, mixed.multiply(x.data(), x.data(), x.data(), x.data()));
        mixed.set(EPILOGUE, uint32_t(2));  // ReLU
        EXPECT_STATUS(15, mixed.multiply(x.data(), x.data(), x.data(), x.data()));
        void* descriptor = nullptr;
        EXPECT_STATUS(15, cublasLtMatmulDescCreate(&descriptor, 77, F32));
        EXPECT_STATUS(15, cublasLtMatrixLayoutCreate(&descriptor, 2, 1, 1, 1));
    });
    define_case("sizes and strides that do not fit", [] {
        const Setup s(4, 5, 6, false, false, F32, F32);
        const Memory<float> x(100);
        const float one = 1, zero = 0;
        const auto with = [&](void* a, void* b, void* c, void* d) {
            return cublasLtMatmul(s.handle, s.descriptor, &one, x.data(), a, x.data(), b, &zero, x.data(), c, x.data(), d, nullptr,
                                  nullptr, 0, s.stream);
        };
        void* narrow = nullptr;
        EXPECT_OK(cublasLtMatrixLayoutCreate(&narrow, F32, 4, 5, 3));
        const Owned owned(narrow, cublasLtMatrixLayoutDestroy);
        EXPECT_STATUS(7, with(s.b, s.b, s.d, s.d));
        EXPECT_STATUS(7, with(s.a, s.a, s.d, s.d));
        EXPECT_STATUS(7, with(s.a, s.b, s.a, s.d));
        EXPECT_STATUS(7, with(s.a, s.b, narrow, narrow));
        void* other = nullptr;
        EXPECT_OK(cublasLtMatrixLayoutCreate(&other, F32, 4, 5, 4));
        const Owned owned_other(other, cublasLtMatrixLayoutDestroy);
        EXPECT_STATUS(7, with(s.a, s.b, other, s.d));  // C is D, and lies otherwise
        EXPECT_STATUS(7, with(s.a, s.b, nullptr, s.d));
    });
    define_case("attributes", [] {
        const Setup s(4, 4, 4, false, false, F32, F32);
        const int32_t operation = 7, pointer_mode = 0;
        const uint64_t wide = 0;
        EXPECT_STATUS(7, cublasLtMatmulDescSetAttribute(s.descriptor, TRANSA, &operation, sizeof operation));
        EXPECT_STATUS(7, cublasLtMatmulDescSetAttribute(s.descriptor, TRANSA, &wide, sizeof wide));
        EXPECT_STATUS(7, cublasLtMatmulDescSetAttribute(s.descriptor, EPILOGUE, nullptr, 4));
        EXPECT_STATUS(15, cublasLtMatmulDescSetAttribute(s.descriptor, 2, &pointer_mode, sizeof pointer_mode));
        EXPECT_STATUS(15, cublasLtMatmulPreferenceSetAttribute(s.preference, 3, &wide, sizeof wide));
    });
    define_case("null pointers and handles that are none", [] {
        const Setup s(4, 4, 4, false, false, F32, F32);
        const Memory<float> x(100);
        EXPECT_STATUS(7, s.multiply(nullptr, x.data(), x.data(), x.data()));
        EXPECT_STATUS(7, s.multiply(x.data(), nullptr, x.data(), x.data()));
        EXPECT_STATUS(7, s.multiply(x.data(), x.data(), x.data(), nullptr));
        s.set(EPILOGUE, uint32_t(BIAS));
        EXPECT_STATUS(7, s.multiply(x.data(), x.data(), x.data(), x.data()));  // no bias was set
        EXPECT_STATUS(1, cublasLtDestroy(s.descriptor));
        EXPECT_STATUS(7, cublasLtMatmulDescDestroy(s.handle));
        EXPECT_STATUS(7, cublasLtCreate(nullptr));
        const float one = 1;
        EXPECT_STATUS(1, cublasLtMatmul(nullptr, s.descriptor, &one, x.data(), s.a, x.data(), s.b, &one, x.data(), s.d, x.data(), s.d,
                                        nullptr, nullptr, 0, s.stream));
    });
    define_case("a product that reads beyond its operand", [] {
        const Setup s(4, 4, 4, false, false, F32, F32);
        const Memory<float> x(s.a_size()), y(s.b_size() - 3), d(s.d_size());
        EXPECT_OK(s.multiply(x.data(), y.data(), d.data(), d.data()));
        EXPECT_STATUS(700, cudaStreamSynchronize(s.stream));
        expect(std::string(emulated_last_fault()).find("cublasLtMatmul: B") == 0, "\"%s\"", emulated_last_fault());
    });
    define_case("in a graph", [] {
        const Setup s(4, 4, 4, true, false, F32, F32);
        Random random;
        const Memory<float> x(random.normals<float>(s.a_size())), y(s.b_size()), d(s.d_size());
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        void *graph = nullptr, *exec = nullptr;
        EXPECT_OK(cudaStreamBeginCapture(s.stream, 1));
        EXPECT_OK(s.multiply(x.data(), y.data(), d.data(), d.data()));
        EXPECT_OK(cudaStreamEndCapture(s.stream, &graph));
        EXPECT_OK(cudaGraphInstantiate(&exec, graph, 0));
        const Owned owned_graph(graph, cudaGraphDestroy), owned_exec(exec, cudaGraphExecDestroy);
        EXPECT_OK(cudaMemsetAsync(y.data(), 0, y.bytes(), s.stream));
        EXPECT_OK(cudaGraphLaunch(exec, s.stream));
        expect(d.read(s.stream)[0] == 0, "the product of zeros");
    });
}

}  // namespace leap::cases
