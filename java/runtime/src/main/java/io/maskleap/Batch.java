package io.maskleap;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.Grid;
import io.maskleap.kernel.StepBlock;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.MaskGit;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.MaskGitShortcut;
import io.maskleap.network.MaskGitShortcut.MaskRatios;
import io.maskleap.network.MaskGitShortcut.NewTokens;
import io.maskleap.network.Sequences;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.StepPlan;
import io.maskleap.sampling.TokenSampler;
import io.maskleap.sampling.Uniforms;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/**
 * Images that are painted together: their state and activations on the device, and a step of the loop. All methods but
 * {@link #close} run on the device's thread.
 */
final class Batch implements AutoCloseable {
    private static final float LOWEST = -1;
    private static final float HIGHEST = 1;
    private static final int MAX_GUIDED = 2;

    private final DeviceContext device;
    private final MaskGit base;
    private final Optional<MaskGitShortcut> shortcut;
    private final VqganDecoder decoder;
    private final MaskGitConfig config;
    private final Arena arena;

    private final MemorySegment ids;
    private final Sequences allSequences;
    private final TokenSampler sampler;
    private final Tensor feature;
    private final MaskGit.HeadRows headRows;
    private final Tensor logits;
    private final MemorySegment rgb;
    private final MaskGit.Activations baseActivations;
    private final MaskGitShortcut.Activations shortcutActivations;
    private final VqganDecoder.Activations decoderActivations;

    private Sequences sequences;
    private StepPlan plan;
    private SamplingSettings sampling;
    private int newlyFixed;

    private Batch(Model model, int maxImages, Workspace workspace, Arena arena) {
        this.arena = arena;
        device = model.device();
        base = model.base();
        shortcut = model.shortcut();
        decoder = model.decoder();
        config = base.config();
        long rows = (long) maxImages * MAX_GUIDED * config.sequenceLength();
        long headRowCount = (long) maxImages * MAX_GUIDED * config.tokens();
        ids = workspace.ints(rows);
        allSequences = new Sequences(workspace, maxImages, MAX_GUIDED, config.sequenceLength());
        sampler = new TokenSampler(workspace, maxImages, config.tokens());
        feature = workspace.tensor(F32, rows, config.channels());
        headRows = new MaskGit.HeadRows(workspace, base, headRowCount);
        logits = workspace.tensor(F32, headRowCount, config.codebook());
        rgb = workspace.bytes(VqganConfig.RGB * (long) imageSize() * imageSize());
        baseActivations = new MaskGit.Activations(workspace, base, rows);
        shortcutActivations = shortcut.map(network -> new MaskGitShortcut.Activations(workspace, network, rows,
                (long) maxImages * config.tokens(), maxImages)).orElse(null);
        decoderActivations = new VqganDecoder.Activations(workspace, decoder, config.grid());
    }

    /** Room for {@code maxImages} images. */
    static Batch of(Model model, int maxImages) {
        var arena = Arena.ofShared();
        try {
            return new Batch(model, maxImages, Workspace.in(model.device().allocate(arena, bytes(model, maxImages))), arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Bytes of device memory that room for {@code maxImages} images takes. */
    static long bytes(Model model, int maxImages) {
        var workspace = Workspace.measuring();
        new Batch(model, maxImages, workspace, null);
        return workspace.used();
    }

    /** Masks everything. */
    void begin(int[] labels, long[] seeds, StepPlan newPlan, SamplingSettings newSampling) {
        plan = newPlan;
        sampling = newSampling;
        sequences = allSequences.of(labels.length, sampling.guided());
        sampler.reset(seeds);
        newlyFixed = 0;
        for (int s = 0; s < sequences.count(); s++) {
            boolean conditional = s % sequences.guided() == 0;
            long start = (long) s * config.sequenceLength();
            for (int p = 0; p < config.tokens(); p++) {
                ids.setAtIndex(JAVA_INT, start + p, config.maskId());
            }
            ids.setAtIndex(JAVA_INT, start + config.tokens(), conditional ? config.classId(labels[s / sequences.guided()]) : config.droppedClassId());
        }
    }

    /** One step: features by base network or shortcut, logits of the masked rows, draw (from recorded uniforms, if there are any), selection. */
    void step(StepPlan.Step step, Optional<Uniforms.OfStep> recorded) {
        var block = sampling.block(plan, step);
        sampler.begin(block);
        if (step.full()) {
            base.forward(ids, sequences, baseActivations, features());
        } else {
            var newTokens = new NewTokens(sampler.newCodes(), sampler.newPositions(), sampler.newCounts(), newlyFixed, config.tokens());
            var maskRatio = new MaskRatios(sampler.step().asSlice(StepBlock.MASK_RATIO_OFFSET, Float.BYTES), 1);
            shortcut.orElseThrow().forward(features(), sequences, newTokens, maskRatio, shortcutActivations);
        }
        var stepLogits = logits(sampler.positions(), sampler.step(), step.masked());
        var grid = Grid.identity(sequences.images(), sequences.guided(), config.tokens());
        sampler.sampleAndFix(device.kernels(), grid, block, stepLogits, base.headBias(), ids, sequences.offsets(), recorded);
        newlyFixed = step.toFix();
    }

    /** (images * guided * masked, K), without the head's bias. */
    private Tensor logits(MemorySegment positions, MemorySegment step, int masked) {
        long rows = (long) sequences.count() * masked;
        var out = logits.rows(0, rows);
        base.logits(features(), sequences, positions, step, masked, headRows, out);
        return out;
    }

    private Tensor features() {
        return feature.rows(0, sequences.rows());
    }

    int images() {
        return sequences.images();
    }

    /** (images, tokens), -1 where masked. */
    int[] codes() {
        return sampler.codes().asSlice(0, (long) images() * config.tokens() * Integer.BYTES).toArray(JAVA_INT);
    }

    /** (images, tokens): what the last step fixed. */
    boolean[] fixed() {
        var fixed = new boolean[images() * config.tokens()];
        for (int b = 0; b < images(); b++) {
            for (int j = 0; j < newlyFixed; j++) {
                fixed[b * config.tokens() + sampler.newPositions().getAtIndex(JAVA_INT, (long) b * config.tokens() + j)] = true;
            }
        }
        return fixed;
    }

    /** (images, tokens): what the last step drew, -1 where a token was not masked. */
    int[] sampled() {
        var codes = codes();
        var fixed = fixed();
        var sampled = new int[codes.length];
        for (int b = 0; b < images(); b++) {
            int row = b * config.tokens();
            for (int cell = b * config.tokens(); cell < (b + 1) * config.tokens(); cell++) {
                boolean drawn = fixed[cell] || codes[cell] == TokenSampler.MASKED;
                sampled[cell] = drawn ? sampler.sampled().getAtIndex(JAVA_INT, row++) : TokenSampler.MASKED;
            }
        }
        return sampled;
    }

    /** (sequences, T, C): all conditional ones, then all unconditional ones. */
    float[] featuresByCondition() {
        int elements = config.sequenceLength() * config.channels();
        var out = new float[sequences.count() * elements];
        for (int s = 0; s < sequences.count(); s++) {
            int to = s % sequences.guided() * images() + s / sequences.guided();
            MemorySegment.copy(feature.data(), JAVA_FLOAT, (long) s * elements * Float.BYTES, out, to * elements, elements);
        }
        return out;
    }

    /** (images, tokens, K): guided logits with bias of all tokens, from the last step's features. */
    float[] guidedLogits(StepPlan.Step step) {
        int tokens = config.tokens();
        int K = config.codebook();
        try (var scratch = Arena.ofConfined()) {
            var positions = scratch.allocate(JAVA_INT, (long) images() * tokens);
            for (int i = 0; i < images() * tokens; i++) {
                positions.setAtIndex(JAVA_INT, i, i % tokens);
            }
            var block = scratch.allocate(StepBlock.BYTES, Long.BYTES);
            sampling.block(plan, new StepPlan.Step(step.index(), step.full(), tokens, 0)).writeTo(block);
            var all = logits(positions, block, tokens).data();
            float w = sampling.block(plan, step).guidance();
            var bias = base.headBias();
            var out = new float[images() * tokens * K];
            for (int i = 0; i < images() * tokens; i++) {
                long conditional = ((long) (i / tokens) * sequences.guided() * tokens + i % tokens) * K;
                long unconditional = conditional + (sequences.guided() - 1L) * tokens * K;
                for (int v = 0; v < K; v++) {
                    out[i * K + v] = (1 + w) * all.getAtIndex(JAVA_FLOAT, conditional + v) - w * all.getAtIndex(JAVA_FLOAT, unconditional + v)
                            + bias.data().getAtIndex(JAVA_FLOAT, i % tokens * bias.stride() + v);
                }
            }
            return out;
        }
    }

    /** The picture of image {@code image}'s codes, all of which must be fixed. */
    RgbImage decode(int image) {
        return decode(sampler.codes().asSlice((long) image * config.tokens() * Integer.BYTES));
    }

    /** The picture of {@code codes}, (tokens). */
    RgbImage decode(int[] codes) {
        try (var scratch = Arena.ofConfined()) {
            return decode(scratch.allocateFrom(JAVA_INT, codes));
        }
    }

    private RgbImage decode(MemorySegment codes) {
        device.kernels().toRgb(decoder.decode(codes, config.grid(), decoderActivations), rgb, LOWEST, HIGHEST);
        return new RgbImage(imageSize(), imageSize(), rgb.toArray(JAVA_BYTE));
    }

    private int imageSize() {
        return decoder.config().imageSize(config.grid());
    }

    @Override
    public void close() {
        arena.close();
    }
}
