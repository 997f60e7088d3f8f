package io.maskleap;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.MaskGit;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.MaskGitShortcut;
import io.maskleap.network.MaskGitShortcut.NewTokens;
import io.maskleap.network.Sequences;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.StepPlan;
import io.maskleap.sampling.TokenSampler;
import io.maskleap.sampling.Uniforms;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Images that are painted together: their state and activations on the device, and a step of the loop.
 */
final class Batch implements AutoCloseable {
    private static final int MAX_SEQUENCES_PER_IMAGE = 2;

    /** What makes two steps the same work: all that the host knows of a step, with sizes rounded up to the device's buckets. */
    private record StepShape(boolean full, int images, int sequencesPerImage, int rowCapacity, int keyCapacity, boolean recorded) {
    }

    /** The work of computing the modulations of so many steps. */
    private record Modulating(int steps) {
    }

    /**
     * A step with all that it hands to the device, made before it: doing it takes nothing of Java's heap.
     *
     * @param modulation where the step's lies among those of all steps; null: it needs none
     */
    private record PreparedStep(StepPlan.Step step, StepShape shape, Runnable work, Consumer<MemorySegment> parameters, MemorySegment modulation) {
    }

    private final DeviceStream stream;
    private final MaskGit base;
    private final Optional<MaskGitShortcut> shortcut;
    private final MaskGitConfig config;
    private final Arena arena;

    private final MemorySegment ids;
    private final Sequences allSequences;
    private final TokenSampler sampler;
    private final StepParameters parameters;
    private final Tensor feature;
    private final MaskGit.HeadRows headRows;
    private final Tensor logits;
    private final MemorySegment allPositions;
    private final MaskGit.Activations baseActivations;
    private final MaskGitShortcut.Activations shortcutActivations;
    private final MaskGitShortcut.Modulations modulations;
    private final Tensor modulation;
    private final MemorySegment maskRatios;
    private final ImageDecoder decoder;
    private final Readout readout;

    private Sequences sequences;
    private StepPlan plan;
    private SamplingSettings sampling;
    private List<PreparedStep> steps;
    private int newlyFixed;

    private Batch(Model model, int maxImages, DeviceStream stream, Workspace workspace, Arena arena) {
        this.stream = stream;
        this.arena = arena;
        base = model.base();
        shortcut = model.shortcut();
        config = base.config();
        int maxSequences = maxImages * MAX_SEQUENCES_PER_IMAGE;
        long rows = (long) maxSequences * config.sequenceLength();
        long headRowCount = (long) maxSequences * config.tokens();
        ids = workspace.ints(rows);
        allSequences = new Sequences(workspace, maxImages, MAX_SEQUENCES_PER_IMAGE, config.sequenceLength());
        sampler = new TokenSampler(workspace, maxImages, config.tokens());
        parameters = new StepParameters(workspace, maxSequences);
        feature = workspace.tensor(F32, rows, config.channels());
        headRows = new MaskGit.HeadRows(workspace, base, headRowCount);
        logits = workspace.tensor(F32, headRowCount, config.codebook());
        allPositions = workspace.ints((long) maxImages * config.tokens());
        baseActivations = new MaskGit.Activations(workspace, base, rows);
        shortcutActivations = shortcut.map(network -> new MaskGitShortcut.Activations(workspace, network, rows,
                (long) maxImages * config.tokens())).orElse(null);
        modulations = shortcut.map(network -> new MaskGitShortcut.Modulations(workspace, network, config.tokens())).orElse(null);
        modulation = shortcut.map(network -> workspace.tensor(F32, 1, 2L * network.config().channels())).orElse(null);
        maskRatios = workspace.bytes((long) config.tokens() * Float.BYTES);
        decoder = new ImageDecoder(workspace, model.decoder(), config.grid());
        readout = new Readout(stream, config, sampler);
    }

    /** Room for {@code maxImages} images, on a stream of its own. */
    static Batch of(Model model, int maxImages) {
        var device = model.device();
        var arena = Arena.ofShared();
        try {
            var memory = device.allocate(arena, workspaceBytes(model, maxImages));
            return new Batch(model, maxImages, device.newStream(), Workspace.in(memory), arena);
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    /** Bytes of device memory that room for {@code maxImages} images takes. */
    static long bytes(Model model, int maxImages) {
        return workspaceBytes(model, maxImages) + model.device().streamBytes();
    }

    private static long workspaceBytes(Model model, int maxImages) {
        var workspace = Workspace.measuring();
        new Batch(model, maxImages, null, workspace, null);
        return workspace.used();
    }

    /** Where the batch's work is done. All methods but this and {@link #close} run on the stream's thread. */
    DeviceStream stream() {
        return stream;
    }

    /** Masks everything, and prepares the steps. */
    void begin(int[] labels, long[] seeds, StepPlan newPlan, SamplingSettings newSampling) {
        plan = newPlan;
        sampling = newSampling;
        sequences = allSequences.of(stream, labels.length, sampling.sequencesPerImage());
        sampler.reset(stream, seeds);
        newlyFixed = 0;
        steps = prepared(newPlan);
        stream.write(ids.asSlice(0, sequences.rows() * Integer.BYTES), host -> writeMasked(labels, host));
        if (plan.usesShortcut() && usedShortcut().embedsTime()) {
            computeModulations();
        }
    }

    /** Those of all steps; a step fixes at least one token, so there are at most as many. */
    private void computeModulations() {
        var steps = plan.steps();
        stream.write(maskRatios.asSlice(0, (long) steps.size() * Float.BYTES), host -> {
            for (int i = 0; i < steps.size(); i++) {
                host.setAtIndex(JAVA_FLOAT, i, sampling.block(plan, steps.get(i)).maskRatio());
            }
        });
        stream.replay(new Modulating(steps.size()), () -> usedShortcut().modulations(stream, maskRatios, steps.size(), modulations));
    }

    private MaskGitShortcut usedShortcut() {
        return shortcut.orElseThrow();
    }

    private void writeMasked(int[] labels, MemorySegment host) {
        for (int s = 0; s < sequences.count(); s++) {
            boolean conditional = s % sequences.sequencesPerImage() == 0;
            long start = (long) s * config.sequenceLength();
            for (int p = 0; p < config.tokens(); p++) {
                host.setAtIndex(JAVA_INT, start + p, config.maskId());
            }
            host.setAtIndex(JAVA_INT, start + config.tokens(), conditional ? config.classId(labels[s / sequences.sequencesPerImage()]) : config.droppedClassId());
        }
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
     * @param newTokens tokens of each image that the step before fixes
     * @param recorded  whether the step draws from recorded uniforms
     */
    private PreparedStep prepared(StepPlan.Step step, int newTokens, boolean recorded) {
        int keyCapacity = step.full() ? 0 : stream.bucket(newTokens, config.tokens());
        var shape = new StepShape(step.full(), sequences.images(), sequences.sequencesPerImage(), stream.bucket(step.masked(), config.tokens()), keyCapacity, recorded);
        boolean modulated = !step.full() && usedShortcut().embedsTime();
        return new PreparedStep(step, shape, () -> compute(shape), parameters.values(sampling.block(plan, step), sequences, newTokens, keyCapacity),
                modulated ? modulations.rows(step.index(), 1).data().asSlice(0, modulation.byteSize()) : null);
    }

    /** One step: features by base network or shortcut, logits of the masked rows, draw, selection. */
    void step(StepPlan.Step step) {
        run(steps.get(step.index()));
    }

    /** As {@link #step(StepPlan.Step)}, drawing from recorded uniforms. */
    void step(StepPlan.Step step, Uniforms.OfStep uniforms) {
        sampler.record(stream, uniforms, sequences.images());
        run(prepared(step, newlyFixed, true));
    }

    private void run(PreparedStep prepared) {
        parameters.write(stream, prepared.parameters);
        if (prepared.modulation != null) {
            stream.copy(prepared.modulation, modulation.data());
        }
        stream.replay(prepared.shape, prepared.work);
        newlyFixed = prepared.step.toFix();
        stream.endStep();
    }

    private void compute(StepShape shape) {
        if (shape.full) {
            base.forward(stream, ids, sequences, baseActivations, features());
        } else {
            var newTokens = new NewTokens(sampler.newCodes(), sampler.newPositions(), sampler.newCounts(), parameters.keyOffsets(), parameters.keyCounts(),
                    shape.keyCapacity, config.tokens());
            usedShortcut().forward(stream, features(), sequences, newTokens, modulation, shortcutActivations);
        }
        var stepLogits = logits(sampler.positions(), shape.rowCapacity);
        var grid = BatchShape.identity(sequences.images(), sequences.sequencesPerImage(), config.tokens());
        sampler.sampleAndFix(stream.kernels(), grid, parameters.block(), stepLogits, shape.rowCapacity, base.headBias(), ids, sequences.offsets(),
                shape.recorded);
    }

    /** (images * sequencesPerImage * rowCapacity, K), without the head's bias. */
    private Tensor logits(MemorySegment positions, int rowCapacity) {
        var out = logits.rows(0, (long) sequences.count() * rowCapacity);
        base.logits(stream, features(), sequences, positions, parameters.block(), rowCapacity, headRows, out);
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
        return readout.codes(images());
    }

    /** (images, tokens): what the last step fixed. */
    boolean[] fixed() {
        return readout.fixed(images(), newlyFixed);
    }

    /** (images, tokens): what the last step drew, -1 where a token was not masked. */
    int[] sampled() {
        return readout.sampled(images(), newlyFixed);
    }

    /** (sequences, T, C): all conditional ones, then all unconditional ones. */
    float[] featuresByCondition() {
        return readout.featuresByCondition(sequences, features());
    }

    /** (images, tokens, K): guided logits with bias of all tokens, from the last step's features. */
    float[] guidedLogits(StepPlan.Step step) {
        int tokens = config.tokens();
        stream.write(allPositions.asSlice(0, (long) images() * tokens * Integer.BYTES), host -> {
            for (int i = 0; i < images() * tokens; i++) {
                host.setAtIndex(JAVA_INT, i, i % tokens);
            }
        });
        var allMasked = new StepPlan.Step(step.index(), step.full(), tokens, 0);
        parameters.write(stream, parameters.values(sampling.block(plan, allMasked), sequences, 0, 0));
        return readout.guidedLogits(sequences, logits(allPositions, tokens), sampling.block(plan, step).guidance(), base.headBias());
    }

    /** The image of image {@code image}'s codes, all of which must be fixed. */
    RgbImage decode(int image) {
        return decoder.decode(stream, sampler.codes(), image);
    }

    /** The image of {@code codes}, (tokens). */
    RgbImage decode(int[] codes) {
        return decoder.decode(stream, codes);
    }

    @Override
    public void close() {
        stream.close();
        arena.close();
    }
}
