package io.maskleap.device.cpu;

import io.maskleap.device.Convolution;
import io.maskleap.device.Linear;
import io.maskleap.device.ProductShape;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Recorder;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;

/**
 * Matrix products and convolutions of the CPU: oneDNN primitives, made once per shape and kept. Used on the device's
 * thread only.
 */
final class CpuProducts implements AutoCloseable {

    /** @param packed whether its weights are, as a linear layer's; else they lie as the shape says */
    private record Product(ProductShape shape, boolean packed) {
    }

    private record ConvolutionShape(MemorySegment weight, long height, long width, boolean accumulate) {
    }

    /** A primitive with its argument memories; {@code weights} and {@code bias} may be fixed at creation. */
    private record Primitive(MemorySegment primitive, MemorySegment x, MemorySegment weights, MemorySegment bias, MemorySegment y,
            MemorySegment arguments, int argumentCount) {
    }

    private final Recorder recorder;
    private final OneDnn dnn = OneDnn.get();
    private final Arena arena = Arena.ofShared();
    private final PackedWeights packedWeights = new PackedWeights(dnn);
    private final Map<Product, Primitive> products = new HashMap<>();
    private final Map<ConvolutionShape, Primitive> convolutions = new HashMap<>();

    /** Runs primitives through {@code recorder}; what it makes them of is made at once. */
    CpuProducts(Recorder recorder) {
        this.recorder = recorder;
    }

    void linear(Tensor x, Linear layer, Tensor y, long rowsPerProduct, boolean accumulate) {
        if (x.rows() == 0) {
            return;
        }
        var shape = ProductShape.of(x, layer, y, rowsPerProduct, accumulate);
        var weights = packedWeights.of(shape, layer.weight().data());
        var bias = layer.bias() == null ? MemorySegment.NULL : layer.bias().data();
        for (long row = 0; row < x.rows(); row += rowsPerProduct) {
            multiply(new Product(shape, true), x.rows(row, rowsPerProduct).data(), weights, bias, y.rows(row, rowsPerProduct).data());
        }
    }

    void product(Tensor a, Tensor b, Tensor y, boolean transposed) {
        multiply(new Product(ProductShape.of(a, b, y, transposed), false), a.data(), b.data(), MemorySegment.NULL, y.data());
    }

    /** @throws MaskleapException where oneDNN has no products of {@code dtype} for this processor */
    void require(Dtype dtype) {
        try {
            products.computeIfAbsent(new Product(ProductShape.square(16, dtype), false), this::createProduct);
        } catch (MaskleapException e) {
            throw new MaskleapException("this processor has no matrix products of " + dtype + " (" + e.getMessage()
                    + "); oneDNN wants AVX-512 for bfloat16, and float32 runs everywhere", e);
        }
    }

    private void multiply(Product product, MemorySegment x, MemorySegment weights, MemorySegment bias, MemorySegment y) {
        var p = products.computeIfAbsent(product, this::createProduct);
        recorder.call(() -> {
            dnn.setData(p.x, x);
            dnn.setData(p.weights, weights);
            if (product.shape.biased()) {
                dnn.setData(p.bias, bias);
            }
            dnn.setData(p.y, y);
            dnn.execute("matrix product", p.primitive, p.arguments, p.argumentCount);
        });
    }

    private Primitive createProduct(Product product) {
        var s = product.shape;
        int operands = OneDnn.dtype(s.operands());
        var x = dnn.strided(operands, new long[] {s.M(), s.K()}, new long[] {s.xStride(), 1});
        var weights = product.packed ? dnn.copyOfDescriptor(packedWeights.layout(s))
                : dnn.strided(operands, new long[] {s.K(), s.N()}, s.transposed() ? new long[] {1, s.wStride()} : new long[] {s.wStride(), 1});
        var bias = s.biased() ? dnn.strided(OneDnn.F32, new long[] {1, s.N()}, new long[] {s.N(), 1}) : MemorySegment.NULL;
        var y = dnn.strided(OneDnn.dtype(s.result()), new long[] {s.M(), s.N()}, new long[] {s.yStride(), 1});
        var attributes = dnn.attributes(s.accumulate(), eltwise(s.activation()), 1f);
        var primitive = dnn.primitive(dnn.matmul(x, weights, bias, y, attributes));
        dnn.destroyAttributes(attributes);
        var xMemory = unbound(x);
        var weightsMemory = unbound(weights);
        var yMemory = unbound(y);
        if (!s.biased()) {
            return new Primitive(primitive, xMemory, weightsMemory, MemorySegment.NULL, yMemory, OneDnn.arguments(arena,
                    OneDnn.ARG_SRC, xMemory, OneDnn.ARG_WEIGHTS, weightsMemory, OneDnn.ARG_DST, yMemory), 3);
        }
        var biasMemory = unbound(bias);
        return new Primitive(primitive, xMemory, weightsMemory, biasMemory, yMemory, OneDnn.arguments(arena,
                OneDnn.ARG_SRC, xMemory, OneDnn.ARG_WEIGHTS, weightsMemory, OneDnn.ARG_BIAS, biasMemory, OneDnn.ARG_DST, yMemory), 4);
    }

    /** A memory whose data is set before each execution; the descriptor is destroyed. */
    private MemorySegment unbound(MemorySegment descriptor) {
        var memory = dnn.memory(descriptor, MemorySegment.NULL);
        dnn.destroyDescriptor(descriptor);
        return memory;
    }

    private static int eltwise(Activation activation) {
        return switch (activation) {
            case NONE -> 0;
            case GELU_ERF -> OneDnn.GELU_ERF;
            case SILU -> OneDnn.SWISH;
        };
    }

    void convolve(Tensor x, Convolution convolution, Tensor y, long height, long width, boolean accumulate) {
        convolution.require(x, y, height, width);
        var p = convolutions.computeIfAbsent(new ConvolutionShape(convolution.weight().data(), height, width, accumulate),
                shape -> createConvolution(shape, convolution));
        recorder.call(() -> {
            dnn.setData(p.x, x.data());
            dnn.setData(p.y, y.data());
            dnn.execute("convolution", p.primitive, p.arguments, p.argumentCount);
        });
    }

    /** Packs the weights into the layout that the primitive chose, and fixes them. */
    private Primitive createConvolution(ConvolutionShape s, Convolution c) {
        long taps = Convolution.TAPS;
        int dtype = OneDnn.dtype(c.weight().dtype());
        var x = dnn.strided(dtype, new long[] {1, c.in(), s.height, s.width}, channelsLast(c.in(), s.height, s.width));
        var y = dnn.strided(dtype, new long[] {1, c.out(), s.height, s.width}, channelsLast(c.out(), s.height, s.width));
        var bias = dnn.strided(OneDnn.F32, new long[] {c.out()}, new long[] {1});
        var stored = dnn.strided(dtype, new long[] {c.out(), c.in(), taps, taps}, new long[] {c.in() * taps * taps, taps * taps, taps, 1});
        var any = dnn.anyLayout(dtype, c.out(), c.in(), taps, taps);
        var attributes = dnn.attributes(s.accumulate, 0, 0f);
        var description = dnn.convolution(x, any, bias, y, taps / 2, attributes);
        var layout = dnn.weightsLayout(description);
        var packed = arena.allocate(dnn.bytes(layout), OneDnn.ALIGNMENT);
        dnn.reorder(stored, c.weight().data(), layout, packed);
        var weights = dnn.memory(layout, packed);
        var primitive = dnn.primitive(description);
        dnn.destroyAttributes(attributes);
        dnn.destroyDescriptor(any);
        dnn.destroyDescriptor(stored);
        var biasMemory = dnn.memory(bias, c.bias().data());
        dnn.destroyDescriptor(bias);
        var xMemory = unbound(x);
        var yMemory = unbound(y);
        return new Primitive(primitive, xMemory, weights, biasMemory, yMemory, OneDnn.arguments(arena,
                OneDnn.ARG_SRC, xMemory, OneDnn.ARG_WEIGHTS, weights, OneDnn.ARG_BIAS, biasMemory, OneDnn.ARG_DST, yMemory), 4);
    }

    private static long[] channelsLast(long channels, long height, long width) {
        return new long[] {height * width * channels, 1, width * channels, channels};
    }

    @Override
    public void close() {
        products.values().forEach(this::destroy);
        convolutions.values().forEach(this::destroy);
        packedWeights.close();
        arena.close();
    }

    private void destroy(Primitive p) {
        dnn.destroyPrimitive(p.primitive);
        for (var memory : new MemorySegment[] {p.x, p.weights, p.bias, p.y}) {
            if (!memory.equals(MemorySegment.NULL)) {
                dnn.destroyMemory(memory);
            }
        }
    }
}
