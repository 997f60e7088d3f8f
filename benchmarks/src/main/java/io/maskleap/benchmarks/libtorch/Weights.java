package io.maskleap.benchmarks.libtorch;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.TensorSource;
import java.util.Arrays;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A network's tensors by the checkpoint's names, copied into libtorch's memory. */
final class Weights {
    private final TensorSource source;
    private final ScalarType operands;

    /** @param operands dtype of what products multiply */
    Weights(TensorSource source, ScalarType operands) {
        this.source = source;
        this.operands = operands;
    }

    /** x weight^T + bias. */
    record Linear(Tensor weight, TensorOptional bias) {
        Tensor apply(Tensor x) {
            return torch.linear(x, weight, bias);
        }

        /** Output features {@code from .. from + count - 1} only. */
        Linear outputs(long from, long count) {
            return new Linear(weight.narrow(0, from, count), new TensorOptional(bias.get().narrow(0, from, count)));
        }

        long out() {
            return weight.size(0);
        }

        long in() {
            return weight.size(1);
        }
    }

    /** LayerNorm over the last dimension, or GroupNorm, in the dtype of its weights. */
    record Norm(TensorOptional gamma, TensorOptional beta, long[] channels) {
        Tensor layer(Tensor x, double eps) {
            return torch.layer_norm(x, channels, gamma, beta, eps, true);
        }

        Tensor group(Tensor x, long groups, double eps) {
            return torch.group_norm(x, groups, gamma, beta, eps, true);
        }
    }

    /** A convolution of odd size with stride 1 that keeps the image's size. */
    record Convolution(Tensor weight, TensorOptional bias) {
        private static final long[] ONE = {1, 1};

        Tensor apply(Tensor x) {
            long padding = weight.size(2) / 2;
            return torch.conv2d(x, weight, bias, ONE, new long[] {padding, padding}, ONE, 1);
        }
    }

    boolean has(String name) {
        return source.find(name).isPresent();
    }

    /** As it is stored, but in {@code dtype}. */
    Tensor tensor(String name, ScalarType dtype) {
        var raw = source.tensor(name);
        var sizes = raw.shape().stream().mapToLong(Long::longValue).toArray();
        return Tensors.of(raw.data(), stored(raw), sizes, strides(sizes)).to(dtype, false, true, null);
    }

    private static ScalarType stored(RawTensor raw) {
        return switch (raw.dtype()) {
            case F32 -> ScalarType.Float;
            case BF16 -> ScalarType.BFloat16;
            default -> throw new IllegalArgumentException("tensor " + raw.name() + " is " + raw.dtype());
        };
    }

    private static long[] strides(long[] sizes) {
        var strides = new long[sizes.length];
        Arrays.fill(strides, 1);
        for (int i = sizes.length - 2; i >= 0; i--) {
            strides[i] = strides[i + 1] * sizes[i + 1];
        }
        return strides;
    }

    /** What products multiply. */
    Tensor operand(String name) {
        return tensor(name, operands);
    }

    Tensor float32(String name) {
        return tensor(name, ScalarType.Float);
    }

    Linear linear(String prefix) {
        return linear(prefix + ".weight", prefix + ".bias");
    }

    Linear linear(String weight, String bias) {
        return new Linear(operand(weight), new TensorOptional(operand(bias)));
    }

    /** The same weights with operands in float32. */
    Weights inFloat32() {
        return new Weights(source, ScalarType.Float);
    }

    /** A norm of the residual stream, which is float32. */
    Norm norm(String prefix) {
        return norm(prefix, ScalarType.Float);
    }

    Norm norm(String prefix, ScalarType dtype) {
        var gamma = tensor(prefix + ".weight", dtype);
        return new Norm(new TensorOptional(gamma), new TensorOptional(tensor(prefix + ".bias", dtype)), new long[] {gamma.size(0)});
    }

    Convolution convolution(String prefix, boolean channelsLast) {
        var weight = operand(prefix + ".weight");
        return new Convolution(channelsLast ? weight.contiguous(torch.MemoryFormat.ChannelsLast) : weight, new TensorOptional(operand(prefix + ".bias")));
    }
}
