package io.maskleap.sampling;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.SampleCall;
import io.maskleap.kernel.SelectCall;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The state of the grids of a batch while they are painted, and the two kernels that paint: the fused sampler, and the
 * selection that fixes the most confident codes.
 */
public final class TokenSampler {
    /** The code of a token that is still masked. */
    public static final int MASKED = -1;

    private final int maxImages;
    private final int tokens;
    private final MemorySegment codes;
    private final MemorySegment positions;
    private final MemorySegment sampled;
    private final MemorySegment confidence;
    private final MemorySegment newCodes;
    private final MemorySegment newPositions;
    private final MemorySegment newCounts;
    private final MemorySegment seeds;
    private final MemorySegment uDraw;
    private final MemorySegment uConfidence;

    public TokenSampler(Workspace workspace, int maxImages, int tokens) {
        long cells = (long) maxImages * tokens;
        this.maxImages = maxImages;
        this.tokens = tokens;
        codes = workspace.ints(cells);
        positions = workspace.ints(cells);
        sampled = workspace.ints(cells);
        confidence = workspace.bytes(cells * Float.BYTES);
        newCodes = workspace.ints(cells);
        newPositions = workspace.ints(cells);
        newCounts = workspace.ints(maxImages);
        seeds = workspace.bytes((long) maxImages * Long.BYTES);
        uDraw = workspace.bytes(cells * Double.BYTES);
        uConfidence = workspace.bytes(cells * Double.BYTES);
    }

    /** Masks everything. */
    public void reset(DeviceStream stream, long[] imageSeeds) {
        int images = imageSeeds.length;
        if (images > maxImages) {
            throw new IllegalArgumentException(images + " images, room for " + maxImages);
        }
        long cells = (long) images * tokens;
        stream.write(seeds.asSlice(0, (long) images * Long.BYTES), host -> MemorySegment.copy(imageSeeds, 0, host, ValueLayout.JAVA_LONG, 0, images));
        stream.write(codes.asSlice(0, cells * Integer.BYTES), host -> {
            for (long i = 0; i < cells; i++) {
                host.setAtIndex(ValueLayout.JAVA_INT, i, MASKED);
            }
        });
        stream.write(positions.asSlice(0, cells * Integer.BYTES), host -> {
            for (long i = 0; i < cells; i++) {
                host.setAtIndex(ValueLayout.JAVA_INT, i, (int) (i % tokens));
            }
        });
    }

    /** Sets the uniforms that the coming step draws from in place of Philox's. */
    public void setUniforms(DeviceStream stream, Uniforms.OfStep uniforms, int images) {
        write(stream, uniforms.draw(), uDraw, images);
        write(stream, uniforms.confidence(), uConfidence, images);
    }

    private void write(DeviceStream stream, double[] uniforms, MemorySegment to, int images) {
        if (uniforms.length != images * tokens) {
            throw new IllegalArgumentException(uniforms.length + " uniforms, wanted " + images + " x " + tokens);
        }
        stream.write(to.asSlice(0, (long) uniforms.length * Double.BYTES),
                host -> MemorySegment.copy(uniforms, 0, host, ValueLayout.JAVA_DOUBLE, 0, uniforms.length));
    }

    /**
     * Samples a code for each masked position by inverse CDF and fixes the most confident.
     *
     * @param step        the step's parameter block, device memory
     * @param logits      (B * sequencesPerImage * rowCapacity, V)
     * @param rowCapacity rows of each sequence in {@code logits}, at least the step's masked tokens
     * @param bias        (tokens, at least V), or null
     * @param ids         the sequences' token ids, int32: fixed codes are written there too
     * @param idOffsets   (B * sequencesPerImage) int32: where each sequence starts in {@code ids}
     * @param givenUniforms whether the uniforms are those that {@link #setUniforms} set; otherwise Philox's
     */
    public void sampleAndFix(Kernels kernels, BatchShape grid, MemorySegment step, Tensor logits, int rowCapacity, Tensor bias, MemorySegment ids,
            MemorySegment idOffsets, boolean givenUniforms) {
        kernels.sample(new SampleCall(grid, logits, rowCapacity, bias, positions, seeds, givenUniforms ? uDraw : MemorySegment.NULL,
                givenUniforms ? uConfidence : MemorySegment.NULL, step, sampled, confidence, SampleCall.Draw.INVERSE_CDF, Dtype.F32));
        kernels.select(new SelectCall(grid, sampled, confidence, positions, codes, ids, idOffsets, newCodes, newPositions, newCounts, step, 0));
    }

    /** (B, tokens) int32: the codes, {@link #MASKED} where still masked. */
    public MemorySegment codes() {
        return codes;
    }

    /** (B, tokens) int32: masked grid positions, ascending. */
    public MemorySegment positions() {
        return positions;
    }

    /** (B, tokens) int32: what the last step drew, by row. */
    public MemorySegment sampled() {
        return sampled;
    }

    /** (B, tokens) int32: token ids that the last step fixed. */
    public MemorySegment newCodes() {
        return newCodes;
    }

    /** (B, tokens) int32: their grid positions, ascending. */
    public MemorySegment newPositions() {
        return newPositions;
    }

    /** (B) int32. */
    public MemorySegment newCounts() {
        return newCounts;
    }
}
