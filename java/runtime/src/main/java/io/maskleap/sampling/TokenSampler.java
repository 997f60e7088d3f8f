package io.maskleap.sampling;

import io.maskleap.device.Workspace;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Grid;
import io.maskleap.kernel.Kernels;
import io.maskleap.kernel.SampleCall;
import io.maskleap.kernel.SelectCall;
import io.maskleap.kernel.StepBlock;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Optional;

/**
 * The state of the grids of a batch while they are painted, and the two kernels that paint: the fused sampler, and the
 * selection that fixes the most confident codes. On host memory.
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
    private final MemorySegment step;
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
        step = workspace.bytes(StepBlock.BYTES);
        uDraw = workspace.bytes(cells * Double.BYTES);
        uConfidence = workspace.bytes(cells * Double.BYTES);
    }

    /** Masks everything. */
    public void reset(long[] imageSeeds) {
        if (imageSeeds.length > maxImages) {
            throw new IllegalArgumentException(imageSeeds.length + " images, room for " + maxImages);
        }
        for (int b = 0; b < imageSeeds.length; b++) {
            seeds.setAtIndex(ValueLayout.JAVA_LONG, b, imageSeeds[b]);
            for (int p = 0; p < tokens; p++) {
                codes.setAtIndex(ValueLayout.JAVA_INT, (long) b * tokens + p, MASKED);
                positions.setAtIndex(ValueLayout.JAVA_INT, (long) b * tokens + p, p);
            }
        }
    }

    /** Sets what the kernels read of the coming step. */
    public void begin(StepBlock block) {
        block.writeTo(step);
    }

    /**
     * Samples a code for each masked position by inverse CDF and fixes the most confident.
     *
     * @param logits    (B * guided * masked, V)
     * @param bias      (tokens, at least V), or null
     * @param ids       the sequences' token ids, int32: fixed codes are written there too
     * @param idOffsets (B * guided) int32: where each sequence starts in {@code ids}
     * @param recorded  recorded uniforms; empty: Philox
     */
    public void sampleAndFix(Kernels kernels, Grid grid, StepBlock block, Tensor logits, Tensor bias, MemorySegment ids, MemorySegment idOffsets,
            Optional<Uniforms.OfStep> recorded) {
        kernels.sample(new SampleCall(grid, logits, block.masked(), bias, positions, seeds,
                recorded.map(uniforms -> copy(uniforms.draw(), uDraw, grid)).orElse(MemorySegment.NULL),
                recorded.map(uniforms -> copy(uniforms.confidence(), uConfidence, grid)).orElse(MemorySegment.NULL),
                step, sampled, confidence, SampleCall.Draw.INVERSE_CDF, Dtype.F32));
        kernels.select(new SelectCall(grid, sampled, confidence, positions, codes, ids, idOffsets, newCodes, newPositions, newCounts, step, 0));
    }

    private MemorySegment copy(double[] uniforms, MemorySegment to, Grid grid) {
        if (uniforms.length != grid.images() * tokens) {
            throw new IllegalArgumentException(uniforms.length + " uniforms, wanted " + grid.images() + " x " + tokens);
        }
        MemorySegment.copy(uniforms, 0, to, ValueLayout.JAVA_DOUBLE, 0, uniforms.length);
        return to;
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

    /** The step's parameter block. */
    public MemorySegment step() {
        return step;
    }
}
