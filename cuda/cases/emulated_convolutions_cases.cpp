/* emulated_convolutions_cases.cpp: the emulated cuDNN computes what its documentation says, and refuses what the real one refuses. */
#include <cstring>

#include "emulated_libraries.hpp"

namespace leap::cases {
namespace {

enum : int { FLOAT = 0, BFLOAT16 = 9, NHWC = 1, CROSS_CORRELATION = 1, DEFAULT_MATH = 0, FMA_MATH = 3 };
constexpr std::size_t WORKSPACE = 1 << 20;

template <class T>
inline constexpr int TYPE = std::is_same_v<T, Bf16> ? BFLOAT16 : FLOAT;

struct Shape {
    int n, h, w, inputs, outputs, taps, padding, stride = 1;

    int out_h() const { return (h + 2 * padding - taps) / stride + 1; }
    int out_w() const { return (w + 2 * padding - taps) / stride + 1; }
    int64_t x_size() const { return int64_t(n) * h * w * inputs; }
    int64_t y_size() const { return int64_t(n) * out_h() * out_w() * outputs; }
    int64_t w_size() const { return int64_t(outputs) * taps * taps * inputs; }
};

int set_nhwc(void* tensor, int type, int n, int h, int w, int c) {
    return cudnnSetTensor4dDescriptorEx(tensor, type, n, c, h, w, h * w * c, 1, w * c, c);
}

/* All that a convolution is described by. */
struct Setup {
    Shape shape;
    Owned stream = new_stream(), handle{cudnnCreate, cudnnDestroy}, x{cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor},
          y{cudnnCreateTensorDescriptor, cudnnDestroyTensorDescriptor}, filter{cudnnCreateFilterDescriptor, cudnnDestroyFilterDescriptor},
          convolution{cudnnCreateConvolutionDescriptor, cudnnDestroyConvolutionDescriptor};

    Setup(const Shape& s, int type, int math) : shape(s) {
        EXPECT_OK(cudnnSetStream(handle, stream));
        EXPECT_OK(set_nhwc(x, type, s.n, s.h, s.w, s.inputs));
        EXPECT_OK(set_nhwc(y, type, s.n, s.out_h(), s.out_w(), s.outputs));
        EXPECT_OK(cudnnSetFilter4dDescriptor(filter, type, NHWC, s.outputs, s.inputs, s.taps, s.taps));
        EXPECT_OK(cudnnSetConvolution2dDescriptor(convolution, s.padding, s.padding, s.stride, s.stride, 1, 1, CROSS_CORRELATION, FLOAT));
        EXPECT_OK(cudnnSetConvolutionMathType(convolution, math));
    }

    std::vector<cudnnFwdAlgoPerf> algorithms(int wanted = 8) const {
        std::vector<cudnnFwdAlgoPerf> results(wanted);
        int count = 0;
        EXPECT_OK(cudnnGetConvolutionForwardAlgorithm_v7(handle, x, filter, convolution, y, wanted, &count, results.data()));
        results.resize(count);
        return results;
    }

    int run(const void* from, const void* weights, void* to, int algorithm = 0, void* workspace = nullptr, std::size_t bytes = 0,
            float alpha = 1, float beta = 0) const {
        return cudnnConvolutionForward(handle, &alpha, x, from, filter, weights, convolution, algorithm, workspace, bytes, &beta, y, to);
    }
};

template <class T>
void check_convolution(const Shape& s, int math, float alpha, float beta) {
    const Setup setup(s, TYPE<T>, math);
    Random random;
    const auto x = random.normals<T>(s.x_size()), w = random.normals<T>(s.w_size()), y = random.normals<T>(s.y_size());
    const Memory<T> x_device(x), w_device(w);
    EXPECT_OK(cudaStreamSynchronize(nullptr));
    std::vector<double> reference(s.y_size()), plain(s.y_size());
    const auto formula = [&]<class Real>(Real, int n, int i, int j, int k, int64_t at) {
        Real sum = 0;
        for (int r = 0; r < s.taps; ++r)
            for (int q = 0; q < s.taps; ++q)
                for (int c = 0; c < s.inputs; ++c) {
                    const int row = i * s.stride - s.padding + r, column = j * s.stride - s.padding + q;
                    if (row < 0 || row >= s.h || column < 0 || column >= s.w) continue;
                    sum += Real(to_double(x[((n * s.h + row) * s.w + column) * s.inputs + c])) *
                           Real(to_double(w[((k * s.taps + r) * s.taps + q) * s.inputs + c]));
                }
        return Real(alpha) * sum + (beta == 0 ? Real(0) : Real(beta) * Real(to_double(y[at])));
    };
    int64_t at = 0;
    for (int n = 0; n < s.n; ++n)
        for (int i = 0; i < s.out_h(); ++i)
            for (int j = 0; j < s.out_w(); ++j)
                for (int k = 0; k < s.outputs; ++k, ++at) {
                    reference[at] = formula(double(), n, i, j, k, at);
                    plain[at] = rounded_to<T>(formula(float(), n, i, j, k, at));
                }
    const Memory<char> workspace(WORKSPACE);
    int taken = 0;
    for (const cudnnFwdAlgoPerf& algorithm : setup.algorithms()) {
        std::size_t bytes = 0;
        const int sized = cudnnGetConvolutionForwardWorkspaceSize(setup.handle, setup.x, setup.filter, setup.convolution, setup.y, algorithm.algo, &bytes);
        expect(sized == algorithm.status && bytes == algorithm.memory, "algorithm %d: status %d, %zu bytes", algorithm.algo, sized, bytes);
        if (algorithm.status != 0) continue;
        Memory<T> y_device(y);
        EXPECT_OK(cudaStreamSynchronize(nullptr));
        EXPECT_OK(setup.run(x_device.data(), w_device.data(), y_device.data(), algorithm.algo, workspace.data(), algorithm.memory, alpha,
                            beta));
        expect_close("y", y_device.read(setup.stream), reference, plain);
        ++taken;
    }
    expect(taken == 2, "%d algorithms", taken);
}

const Shape SMALL = {1, 4, 5, 3, 2, 3, 1};

}  // namespace

LEAP_CASES(emulated_cudnn) {
    const auto define_case = [&](const std::string& name, std::function<void()> body) { define(name, leaves_nothing(std::move(body))); };

    const Shape shapes[] = {SMALL, {2, 5, 6, 8, 20, 3, 1}, {1, 3, 3, 4, 3, 1, 0}, {1, 7, 9, 2, 17, 3, 0}, {1, 8, 8, 3, 4, 3, 1, 2}, {1, 1, 1, 1, 1, 3, 1}};
    for (const Shape& s : shapes) {
        const std::string name = text("%d x %d x %d, %d to %d channels, %d taps, padding %d, stride %d", s.n, s.h, s.w, s.inputs,
                                      s.outputs, s.taps, s.padding, s.stride);
        define_case(name + ", f32", [s] { check_convolution<float>(s, FMA_MATH, 1, 0); });
        define_case(name + ", bf16", [s] { check_convolution<Bf16>(s, DEFAULT_MATH, 1, 0); });
    }
    define_case("alpha and beta", [] { check_convolution<float>(SMALL, FMA_MATH, 0.5f, -2); });
    define_case("float32 is TF32 where the math type allows it", [] {
        const Shape s{1, 1, 1, 1, 1, 1, 0};
        for (int math : {DEFAULT_MATH, FMA_MATH}) {
            const Setup setup(s, FLOAT, math);
            const float value = 1 + 0x1p-12f;
            const Memory<float> x(std::vector{value}), w(std::vector{1.0f}), y(1);
            EXPECT_OK(cudaStreamSynchronize(nullptr));
            EXPECT_OK(setup.run(x.data(), w.data(), y.data()));
            expect_equal("y", y.read(setup.stream), {math == FMA_MATH ? value : 1.0f});
        }
    });
    define_case("algorithms", [] {
        const Setup setup(SMALL, FLOAT, FMA_MATH);
        const auto all = setup.algorithms();
        expect(all.size() == 3, "%zu algorithms", all.size());
        expect(all[0].status == 0 && all[0].memory == WORKSPACE && all[0].math == FMA_MATH, "the first one");
        expect(all[1].status != 0 && all[2].status == 0 && all[2].memory == 0, "the others");
        expect(setup.algorithms(1).size() == 1, "more algorithms than were asked for");
        const Memory<float> x(SMALL.x_size()), w(SMALL.w_size()), y(SMALL.y_size());
        const Memory<char> workspace(WORKSPACE);
        EXPECT_STATUS(3000, setup.run(x.data(), w.data(), y.data(), all[1].algo, workspace.data(), WORKSPACE));
        EXPECT_STATUS(2000, setup.run(x.data(), w.data(), y.data(), all[0].algo, workspace.data(), WORKSPACE - 1));
        EXPECT_STATUS(2000, setup.run(x.data(), w.data(), y.data(), all[0].algo, nullptr, WORKSPACE));
    });
    define_case("descriptors that do not go together", [] {
        const Setup setup(SMALL, FLOAT, FMA_MATH);
        const Memory<float> x(SMALL.x_size()), w(SMALL.w_size()), y(SMALL.y_size());
        const auto run = [&] { return setup.run(x.data(), w.data(), y.data()); };
        char message[256];
        EXPECT_OK(set_nhwc(setup.y, FLOAT, 1, 4, 4, 2));
        EXPECT_STATUS(2000, run());
        cudnnGetLastErrorString(message, sizeof message);
        expect(std::strstr(message, "y must be 1 x 2 x 4 x 5"), "\"%s\"", message);
        EXPECT_OK(set_nhwc(setup.y, BFLOAT16, 1, 4, 5, 2));
        EXPECT_STATUS(3000, run());
        EXPECT_OK(cudnnSetTensor4dDescriptorEx(setup.y, FLOAT, 1, 2, 4, 5, 40, 20, 5, 1));  // channels first
        EXPECT_STATUS(3000, run());
        EXPECT_OK(set_nhwc(setup.y, FLOAT, 1, 4, 5, 2));
        EXPECT_OK(cudnnSetFilter4dDescriptor(setup.filter, FLOAT, NHWC, 2, 4, 3, 3));
        EXPECT_STATUS(2000, run());
        EXPECT_STATUS(3000, cudnnSetFilter4dDescriptor(setup.filter, FLOAT, 0, 2, 3, 3, 3));
        EXPECT_STATUS(2000, cudnnSetFilter4dDescriptor(setup.filter, FLOAT, NHWC, 0, 3, 3, 3));
        EXPECT_STATUS(3000, cudnnSetTensor4dDescriptorEx(setup.x, 2, 1, 1, 1, 1, 1, 1, 1, 1));
        EXPECT_STATUS(2000, cudnnSetTensor4dDescriptorEx(setup.x, FLOAT, 1, 1, 1, 1, 1, 0, 1, 1));
        EXPECT_STATUS(3000, cudnnSetConvolution2dDescriptor(setup.convolution, 1, 1, 1, 1, 1, 1, 0, FLOAT));
        EXPECT_STATUS(2000, cudnnSetConvolution2dDescriptor(setup.convolution, -1, 1, 1, 1, 1, 1, CROSS_CORRELATION, FLOAT));
        EXPECT_STATUS(2000, cudnnSetConvolutionMathType(setup.convolution, 4));
    });
    define_case("null pointers and handles that are none", [] {
        const Setup setup(SMALL, FLOAT, FMA_MATH);
        const Memory<float> x(SMALL.x_size()), w(SMALL.w_size()), y(SMALL.y_size());
        EXPECT_STATUS(2002, setup.run(nullptr, w.data(), y.data()));
        EXPECT_STATUS(2002, setup.run(x.data(), nullptr, y.data()));
        EXPECT_STATUS(2002, setup.run(x.data(), w.data(), nullptr));
        EXPECT_STATUS(2000, setup.run(x.data(), w.data(), x.data()));
        EXPECT_STATUS(2002, cudnnCreate(nullptr));
        EXPECT_STATUS(2002, cudnnSetStream(setup.x, setup.stream));
        EXPECT_STATUS(2007, cudnnSetStream(setup.handle, setup.x));
        EXPECT_STATUS(2000, cudnnDestroyTensorDescriptor(setup.filter));
    });
    define_case("a convolution in a graph reads what is there then", [] {
        const Setup setup(SMALL, FLOAT, FMA_MATH);
        const Memory<float> x(SMALL.x_size()), w(SMALL.w_size()), y(SMALL.y_size());
        void *graph = nullptr, *exec = nullptr;
        EXPECT_OK(cudaStreamBeginCapture(setup.stream, 1));
        EXPECT_OK(setup.run(x.data(), w.data(), y.data()));
        EXPECT_OK(cudaStreamEndCapture(setup.stream, &graph));
        EXPECT_OK(cudaGraphInstantiate(&exec, graph, 0));
        const Owned owned_graph(graph, cudaGraphDestroy), owned_exec(exec, cudaGraphExecDestroy);
        EXPECT_OK(cudaMemsetAsync(x.data(), 0, x.bytes(), setup.stream));
        EXPECT_OK(cudaMemsetAsync(w.data(), 0, w.bytes(), setup.stream));
        EXPECT_OK(cudaGraphLaunch(exec, setup.stream));
        expect_equal("y", y.read(setup.stream), std::vector<float>(SMALL.y_size(), 0.0f));
    });
}

}  // namespace leap::cases
