package io.maskleap.generation;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.architecture.ModelSizes;
import io.maskleap.device.DeviceStream;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.Sequences;
import io.maskleap.sampling.TokenSampler;
import java.lang.foreign.MemorySegment;

/** Copies a batch's state from the device, in the order in which a user sees it. */
final class Readout {
    private final DeviceStream stream;
    private final ModelSizes sizes;
    private final TokenSampler sampler;

    Readout(DeviceStream stream, ModelSizes sizes, TokenSampler sampler) {
        this.stream = stream;
        this.sizes = sizes;
        this.sampler = sampler;
    }

    private int[] ints(MemorySegment device, int count) {
        return stream.read(device.asSlice(0, (long) count * Integer.BYTES), host -> host.toArray(JAVA_INT));
    }

    /** (images, tokens), -1 where masked. */
    int[] codes(int images) {
        return ints(sampler.codes(), images * sizes.tokens());
    }

    /** (images, tokens): what the last step fixed, so many of each. */
    boolean[] fixed(int images, int newlyFixed) {
        var positions = ints(sampler.newPositions(), images * sizes.tokens());
        var fixed = new boolean[positions.length];
        for (int b = 0; b < images; b++) {
            for (int j = 0; j < newlyFixed; j++) {
                fixed[b * sizes.tokens() + positions[b * sizes.tokens() + j]] = true;
            }
        }
        return fixed;
    }

    /** (images, tokens): what the last step drew, -1 where a token was not masked. */
    int[] sampled(int images, int newlyFixed) {
        var codes = codes(images);
        var fixed = fixed(images, newlyFixed);
        var drawnByRow = ints(sampler.sampled(), codes.length);
        var sampled = new int[codes.length];
        for (int b = 0; b < images; b++) {
            int row = b * sizes.tokens();
            for (int cell = b * sizes.tokens(); cell < (b + 1) * sizes.tokens(); cell++) {
                boolean drawn = fixed[cell] || codes[cell] == TokenSampler.MASKED;
                sampled[cell] = drawn ? drawnByRow[row++] : TokenSampler.MASKED;
            }
        }
        return sampled;
    }

    /** (sequences, T, C): all conditional ones, then all unconditional ones. */
    float[] featuresByCondition(Sequences sequences, Tensor features) {
        int elements = sizes.sequenceLength() * sizes.channels();
        return stream.read(features.data(), host -> {
            var out = new float[sequences.count() * elements];
            for (int s = 0; s < sequences.count(); s++) {
                int to = s % sequences.sequencesPerImage() * sequences.images() + s / sequences.sequencesPerImage();
                MemorySegment.copy(host, JAVA_FLOAT, (long) s * elements * Float.BYTES, out, to * elements, elements);
            }
            return out;
        });
    }

    /**
     * (images, tokens, K): (1 + w) conditional - w unconditional + bias.
     *
     * @param logits (images * sequencesPerImage * tokens, K)
     * @param bias   (tokens, at least K)
     */
    float[] guidedLogits(Sequences sequences, Tensor logits, float w, Tensor bias) {
        int tokens = sizes.tokens();
        int K = sizes.codebook();
        var all = stream.read(logits.data(), host -> host.toArray(JAVA_FLOAT));
        return stream.read(bias.data(), host -> {
            var out = new float[sequences.images() * tokens * K];
            for (int i = 0; i < sequences.images() * tokens; i++) {
                int conditional = (i / tokens * sequences.sequencesPerImage() * tokens + i % tokens) * K;
                int unconditional = conditional + (sequences.sequencesPerImage() - 1) * tokens * K;
                for (int v = 0; v < K; v++) {
                    out[i * K + v] = (1 + w) * all[conditional + v] - w * all[unconditional + v]
                            + host.getAtIndex(JAVA_FLOAT, i % tokens * bias.stride() + v);
                }
            }
            return out;
        });
    }
}
