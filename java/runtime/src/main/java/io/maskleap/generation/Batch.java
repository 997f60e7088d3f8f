package io.maskleap.generation;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.architecture.ModelSizes;
import io.maskleap.architecture.NetworkPasses;
import io.maskleap.architecture.Networks;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.NewTokens;
import io.maskleap.network.Sequences;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.StepPlan;
import io.maskleap.sampling.TokenSampler;
import io.maskleap.sampling.Uniforms;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * Images that are painted together: their state and activations on the device, and a step of the loop.
 */
public final class Batch implements AutoCloseable {
    private static final int MAX_SEQUENCES_PER_IMAGE = 2;

    /** What makes two steps the same work: all that the host knows of a step, with sizes rounded up to the device's buckets. */
    private record StepShape(boolean full, int images, int sequencesPerImage, int rowCapacity, int keyCapacity, boolean givenUniforms) {
    }

    /** A step with all that it hands to the device, made before it: doing it takes nothing of Java's heap. */
    private record PreparedStep(StepPlan.Step step, StepShape shape, Runnable work, Consumer<MemorySegment> parameters) {
    }

    private final DeviceStream stream;
    private final ModelSizes sizes;
    private final Tensor headBias;
    private final Arena arena;

    private final MemorySegment ids;
    private final Sequences allSequences;
    private final TokenSampler sampler;
    private final StepParameters parameters;
    private final Tensor feature;
    private final Tensor logits;
    private final MemorySegment allPositions;
    private final NetworkPasses passes;
    private final ImageDecoder decoder;
    private final Readout readout;

    private Sequences sequences;
    private StepPlan plan;
    private SamplingSettings sampling;
    private List<PreparedStep> steps;
    private int newlyFixed;

    private Batch(Networks networks, int maxImages, DeviceStream stream, Workspace workspace, Arena arena) {
        this.stream = stream;
        this.arena = arena;
        sizes = networks.sizes();
        headBias = networks.headBias();
        int maxSequences = maxImages * MAX_SEQUENCES_PER_IMAGE;
        long rows = (long) maxSequences * sizes.sequenceLength();
        ids = workspace.ints(rows);
        allSequences = new Sequences(workspace, maxImages, MAX_SEQUENCES_PER_IMAGE, sizes.sequenceLength());
        sampler = new TokenSampler(workspace, maxImages, sizes.tokens());
        parameters = new StepParameters(workspace, maxSequences);
        feature = workspace.tensor(F32, rows, sizes.channels());
        logits = workspace.tensor(F32, (long) maxSequences * sizes.tokens(), sizes.codebook());
        allPositions = workspace.ints((long) maxImages * sizes.tokens());
        passes = networks.newPasses(workspace, maxImages, MAX_SEQUENCES_PER_IMAGE);
        decoder = new ImageDecoder(workspace, networks.decoder(), sizes.grid());
        readout = new Readout(stream, sizes, sampler);
    }

    /** Room for {@code maxImages} images, on a stream of its own. */
    public static Batch of(DeviceContext device, Networks networks, int maxImages) {
        var arena = Arena.ofShared();
        try {
            var memory = device.allocate(arena, workspaceBytes(networks, maxImages));
            return new Batch(networks, maxImages, device.newStream(), Workspace.in(memory), arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Bytes of device memory that room for {@code maxImages} images takes. */
    public static long bytes(DeviceContext device, Networks networks, int maxImages) {
        return workspaceBytes(networks, maxImages) + device.streamBytes();
    }

    private static long workspaceBytes(Networks networks, int maxImages) {
        var workspace = Workspace.measuring();
        new Batch(networks, maxImages, null, workspace, null);
        return workspace.used();
    }

    /** Where the batch's work is done. All methods but this and {@link #close} run on the stream's thread. */
    public DeviceStream stream() {
        return stream;
    }

    /** Masks everything, and prepares the steps. */
    public void begin(int[] labels, long[] seeds, StepPlan newPlan, SamplingSettings newSampling) {
        plan = newPlan;
        sampling = newSampling;
        sequences = allSequences.of(stream, labels.length, sampling.sequencesPerImage());
        sampler.reset(stream, seeds);
        newlyFixed = 0;
        steps = prepared(newPlan);
        stream.write(ids.asSlice(0, sequences.rows() * Integer.BYTES), host -> passes.writeMaskedIds(labels, sequences.sequencesPerImage(), host));
        if (plan.usesShortcut()) {
            passes.beginGeneration(stream, maskRatios());
        }
    }

    private float[] maskRatios() {
        var ratios = new float[plan.steps().size()];
        for (var step : plan.steps()) {
            ratios[step.index()] = sampling.block(plan, step).maskRatio();
        }
        return ratios;
    }

    private List<PreparedStep> prepared(StepPlan all) {
        var prepared = new ArrayList<PreparedStep>(all.steps().size());
        int newTokens = 0;
        for (var step : all.steps()) {
            prepared.add(prepared(step, newTokens, false));
            newTokens = step.toFix();
        }
        return prepared;
    }

    /**
     * @param newTokens     tokens of each image that the step before commits
     * @param givenUniforms whether the step draws from uniforms that were given; otherwise from the seed's
     */
    private PreparedStep prepared(StepPlan.Step step, int newTokens, boolean givenUniforms) {
        int keyCapacity = step.full() ? 0 : stream.bucket(newTokens, sizes.tokens());
        var shape = new StepShape(step.full(), sequences.images(), sequences.sequencesPerImage(), stream.bucket(step.masked(), sizes.tokens()), keyCapacity,
                givenUniforms);
        return new PreparedStep(step, shape, () -> compute(shape), parameters.values(sampling.block(plan, step), sequences, newTokens, keyCapacity));
    }

    /** One step: features by base network or shortcut, logits of the masked rows, draw, selection. */
    public void step(StepPlan.Step step) {
        run(steps.get(step.index()));
    }

    /** As {@link #step(StepPlan.Step)}, drawing from the uniforms that are given. */
    public void step(StepPlan.Step step, Uniforms.OfStep uniforms) {
        sampler.setUniforms(stream, uniforms, sequences.images());
        run(prepared(step, newlyFixed, true));
    }

    private void run(PreparedStep prepared) {
        parameters.write(stream, prepared.parameters);
        if (!prepared.step.full()) {
            passes.prepareShortcut(stream, prepared.step.index());
        }
        stream.replay(prepared.shape, prepared.work);
        newlyFixed = prepared.step.toFix();
        stream.endStep();
    }

    private void compute(StepShape shape) {
        if (shape.full) {
            passes.full(stream, ids, sequences, features());
        } else {
            passes.shortcut(stream, features(), sequences, new NewTokens(sampler.newCodes(), sampler.newPositions(), sampler.newCounts(),
                    parameters.keyOffsets(), parameters.keyCounts(), shape.keyCapacity, sizes.tokens()));
        }
        var stepLogits = logits(sampler.positions(), shape.rowCapacity);
        var batch = BatchShape.identity(sequences.images(), sequences.sequencesPerImage(), sizes.tokens());
        sampler.sampleAndFix(stream.kernels(), batch, parameters.block(), stepLogits, shape.rowCapacity, headBias, ids, sequences.offsets(),
                shape.givenUniforms);
    }

    /** (images * sequencesPerImage * rowCapacity, K), without the head's bias. */
    private Tensor logits(MemorySegment positions, int rowCapacity) {
        var out = logits.rows(0, (long) sequences.count() * rowCapacity);
        passes.logits(stream, features(), sequences, positions, parameters.block(), rowCapacity, out);
        return out;
    }

    private Tensor features() {
        return feature.rows(0, sequences.rows());
    }

    public int images() {
        return sequences.images();
    }

    /** (images, tokens), -1 where masked. */
    public int[] codes() {
        return readout.codes(images());
    }

    /** (images, tokens): what the last step fixed. */
    public boolean[] fixed() {
        return readout.fixed(images(), newlyFixed);
    }

    /** (images, tokens): what the last step drew, -1 where a token was not masked. */
    public int[] sampled() {
        return readout.sampled(images(), newlyFixed);
    }

    /** (sequences, T, C): all conditional ones, then all unconditional ones. */
    public float[] featuresByCondition() {
        return readout.featuresByCondition(sequences, features());
    }

    /** (images, tokens, K): guided logits with bias of all tokens, from the last step's features. */
    public float[] guidedLogits(StepPlan.Step step) {
        int tokens = sizes.tokens();
        stream.write(allPositions.asSlice(0, (long) images() * tokens * Integer.BYTES), host -> {
            for (int i = 0; i < images() * tokens; i++) {
                host.setAtIndex(JAVA_INT, i, i % tokens);
            }
        });
        var allMasked = new StepPlan.Step(step.index(), step.full(), tokens, 0);
        parameters.write(stream, parameters.values(sampling.block(plan, allMasked), sequences, 0, 0));
        return readout.guidedLogits(sequences, logits(allPositions, tokens), sampling.block(plan, step).guidance(), headBias);
    }

    /** (side, side, 3) bytes: the image of image {@code image}'s codes, all of which must be fixed. */
    public byte[] decode(int image) {
        return decoder.decode(stream, sampler.codes(), image);
    }

    /** (side, side, 3) bytes: the image of {@code codes}, (tokens). */
    public byte[] decode(int[] codes) {
        return decoder.decode(stream, codes);
    }

    @Override
    public void close() {
        stream.close();
        arena.close();
    }
}
