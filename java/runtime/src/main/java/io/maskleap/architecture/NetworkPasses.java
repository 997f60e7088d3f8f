package io.maskleap.architecture;

import io.maskleap.device.DeviceStream;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.NewTokens;
import io.maskleap.network.Sequences;
import java.lang.foreign.MemorySegment;

/** The forward passes of one session, each with memory of its own for activations. All methods run on the stream's thread. */
public interface NetworkPasses {
    /**
     * Writes the token ids of a generation's start, all grid positions masked.
     *
     * @param labels            (images) the class of each image
     * @param sequencesPerImage 2: a conditional and an unconditional sequence; 1: the conditional one only
     * @param ids               out (images * sequencesPerImage, T) int32, host memory
     */
    void writeMaskedIds(int[] labels, int sequencesPerImage, MemorySegment ids);

    /**
     * Computes what the shortcut steps of a generation need beforehand.
     *
     * @param maskRatios (steps) masked part of the tokens before each step, whether it is full or not
     */
    void beginGeneration(DeviceStream stream, float[] maskRatios);

    /** Brings what the shortcut needs of step {@code index} to where {@link #shortcut} reads it; outside of replayed work. Takes no Java heap. */
    void prepareShortcut(DeviceStream stream, int index);

    /**
     * One full step, from token ids to features.
     *
     * @param ids     (sequences, T) int32, device
     * @param feature out (sequences * T, C) float32
     */
    void full(DeviceStream stream, MemorySegment ids, Sequences sequences, Tensor feature);

    /**
     * One shortcut step: f += S(f, x, t).
     *
     * @param feature in and out (sequences * T, C) float32
     */
    void shortcut(DeviceStream stream, Tensor feature, Sequences sequences, NewTokens newTokens);

    /**
     * The head on the rows that are still masked, without its bias.
     *
     * @param feature     (sequences * T, C)
     * @param positions   (images, tokens) int32: masked grid positions
     * @param step        the step's parameter block
     * @param rowCapacity rows of each sequence in {@code logits}, at least the step's masked tokens; those beyond mean nothing
     * @param logits      out (sequences * rowCapacity, K) float32
     */
    void logits(DeviceStream stream, Tensor feature, Sequences sequences, MemorySegment positions, MemorySegment step, int rowCapacity, Tensor logits);
}
