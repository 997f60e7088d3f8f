package io.maskleap.network;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.Linear;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.TensorSource;
import java.util.Arrays;
import java.util.List;

/**
 * Takes the weights of a network from a file by name, checks that each has the wanted shape, and brings them to the device:
 * what is an operand of products in one dtype, norms and biases in float32.
 */
public final class WeightReader {
    private final TensorSource source;
    private final DeviceContext device;
    private final Dtype operands;

    public WeightReader(TensorSource source, DeviceContext device, Dtype operands) {
        this.source = source;
        this.device = device;
        this.operands = operands;
    }

    /** The same weights with operands in float32. */
    public WeightReader inFloat32() {
        return new WeightReader(source, device, Dtype.F32);
    }

    public boolean has(String name) {
        return source.find(name).isPresent();
    }

    /** The tensor {@code name} of this shape, as a matrix of {@code rows} rows. */
    private Tensor matrix(Dtype dtype, String name, long rows, long... shape) {
        return device.weight(stored(name, rows, shape), dtype);
    }

    /** The tensor {@code name} of this shape as it lies in the file, as a matrix of {@code rows} rows. */
    private Tensor stored(String name, long rows, long... shape) {
        RawTensor raw = source.tensor(name);
        List<Long> wanted = Arrays.stream(shape).boxed().toList();
        if (!raw.shape().equals(wanted)) {
            throw new MaskleapException(source.path() + ": tensor " + name + " has shape " + raw.shape() + ", wanted " + wanted);
        }
        var stored = storedDtype(raw, name);
        if (raw.data().address() % stored.bytes() != 0) {
            throw new MaskleapException(source.path() + ": tensor " + name + " lies at an address that is no multiple of " + stored.bytes()
                    + "; import the checkpoint again");
        }
        return Tensor.of(raw.data(), stored, rows, raw.elementCount() / rows);
    }

    private Dtype storedDtype(RawTensor raw, String name) {
        return switch (raw.dtype()) {
            case F32 -> Dtype.F32;
            case BF16 -> Dtype.BF16;
            default -> throw new MaskleapException(source.path() + ": tensor " + name + " is " + raw.dtype()
                    + ", wanted F32 or BF16; import the checkpoint again");
        };
    }

    /** A tensor of shape (rows, columns). */
    public Tensor matrix(String name, long rows, long columns) {
        return matrix(operands, name, rows, rows, columns);
    }

    /** A tensor of shape (rows, columns) that is added, not multiplied. */
    public Tensor bias(String name, long rows, long columns) {
        return matrix(Dtype.F32, name, rows, rows, columns);
    }

    /** A tensor of shape (1, rows, columns), as position embeddings are stored. */
    public Tensor unbatched(String name, long rows, long columns) {
        return matrix(operands, name, rows, 1, rows, columns);
    }

    /** A tensor of shape (n), as a matrix of one row. */
    public Tensor vector(String name, long n) {
        return matrix(Dtype.F32, name, 1, n);
    }

    public NormWeights norm(String prefix, long channels) {
        return new NormWeights(vector(prefix + ".weight", channels), vector(prefix + ".bias", channels));
    }

    public Linear linear(String prefix, long out, long in) {
        return linear(prefix + ".weight", prefix + ".bias", out, in);
    }

    public Linear linear(String weight, String bias, long out, long in) {
        return new Linear(matrix(weight, out, in), vector(bias, out), Activation.NONE);
    }

    /** A convolution of one tap: a linear layer over channels. */
    public Linear pointwise(String prefix, long out, long in) {
        return new Linear(matrix(operands, prefix + ".weight", out, out, in, 1, 1), vector(prefix + ".bias", out), Activation.NONE);
    }

    public Convolution convolution(String prefix, long out, long in) {
        return new Convolution(device.filter(stored(prefix + ".weight", out, out, in, Convolution.TAPS, Convolution.TAPS), operands), vector(prefix + ".bias", out));
    }

    public AttentionWeights attention(String prefix, long channels) {
        return new AttentionWeights(linear(prefix + ".in_proj_weight", prefix + ".in_proj_bias", 3 * channels, channels),
                linear(prefix + ".out_proj", channels, channels));
    }

    /** {@code prefix.net.0}, GELU, {@code prefix.net.3}. */
    public MlpWeights mlp(String prefix, long channels, long hidden) {
        return new MlpWeights(linear(prefix + ".net.0", hidden, channels).then(Activation.GELU_ERF), linear(prefix + ".net.3", channels, hidden));
    }
}
