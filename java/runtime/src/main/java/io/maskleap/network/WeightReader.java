package io.maskleap.network;

import io.maskleap.device.Convolution;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.Linear;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import io.maskleap.weights.RawTensor;
import io.maskleap.weights.StoredDtype;
import io.maskleap.weights.TensorSource;
import java.util.Arrays;
import java.util.List;

/** Takes the weights of a network from a file by name, checks that each has the wanted shape, and brings them to the device. */
final class WeightReader {
    private final TensorSource source;
    private final DeviceContext device;

    WeightReader(TensorSource source, DeviceContext device) {
        this.source = source;
        this.device = device;
    }

    boolean has(String name) {
        return source.find(name).isPresent();
    }

    /** The tensor {@code name} of this shape, as a matrix of {@code rows} rows. */
    private Tensor matrix(String name, long rows, long... shape) {
        RawTensor raw = source.tensor(name);
        List<Long> wanted = Arrays.stream(shape).boxed().toList();
        if (!raw.shape().equals(wanted)) {
            throw new MaskleapException(source.path() + ": tensor " + name + " has shape " + raw.shape() + ", wanted " + wanted);
        }
        if (raw.dtype() != StoredDtype.F32) {
            throw new MaskleapException(source.path() + ": tensor " + name + " is " + raw.dtype() + ", wanted F32; import the checkpoint again");
        }
        if (raw.data().address() % Float.BYTES != 0) {
            throw new MaskleapException(source.path() + ": tensor " + name + " lies at an address that is no multiple of " + Float.BYTES
                    + "; import the checkpoint again");
        }
        return device.weight(raw.data(), Dtype.F32, rows, raw.elementCount() / rows);
    }

    /** A tensor of shape (rows, columns). */
    Tensor matrix(String name, long rows, long columns) {
        return matrix(name, rows, new long[] {rows, columns});
    }

    /** A tensor of shape (1, rows, columns), as position embeddings are stored. */
    Tensor unbatched(String name, long rows, long columns) {
        return matrix(name, rows, 1, rows, columns);
    }

    /** A tensor of shape (n), as a matrix of one row. */
    Tensor vector(String name, long n) {
        return matrix(name, 1, new long[] {n});
    }

    Norm norm(String prefix, long channels) {
        return new Norm(vector(prefix + ".weight", channels), vector(prefix + ".bias", channels));
    }

    Linear linear(String prefix, long out, long in) {
        return linear(prefix + ".weight", prefix + ".bias", out, in);
    }

    Linear linear(String weight, String bias, long out, long in) {
        return new Linear(matrix(weight, out, in), vector(bias, out), Activation.NONE);
    }

    /** A convolution of one tap: a linear layer over channels. */
    Linear pointwise(String prefix, long out, long in) {
        return new Linear(matrix(prefix + ".weight", out, out, in, 1, 1), vector(prefix + ".bias", out), Activation.NONE);
    }

    Convolution convolution(String prefix, long out, long in) {
        return new Convolution(matrix(prefix + ".weight", out, out, in, Convolution.TAPS, Convolution.TAPS), vector(prefix + ".bias", out));
    }

    Attention attention(String prefix, long channels) {
        return new Attention(linear(prefix + ".in_proj_weight", prefix + ".in_proj_bias", 3 * channels, channels),
                linear(prefix + ".out_proj", channels, channels));
    }

    /** {@code prefix.net.0}, GELU, {@code prefix.net.3}. */
    Mlp mlp(String prefix, long channels, long hidden) {
        return new Mlp(linear(prefix + ".net.0", hidden, channels).then(Activation.GELU_ERF), linear(prefix + ".net.3", channels, hidden));
    }
}
