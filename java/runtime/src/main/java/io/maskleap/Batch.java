package io.maskleap;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.Grid;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.MaskGit;
import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.MaskGitShortcut;
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
 * Images that are painted together: their state and activations on the device, and a step of the loop.
 */
final class Batch implements AutoCloseable {
    private static final float LOWEST = -1;
    private static final float HIGHEST = 1;
    private static final int MAX_GUIDED = 2;

    /** What makes two steps the same work: all that the host knows of a step, with sizes rounded up to the device's buckets. */
    private record StepShape(boolean full, int images, int guided, int rowCapacity, int keyCapacity, boolean recorded) {
    }

    /** The work of computing the modulations of so many steps. */
    private record Modulating(int steps) {
    }

    /** The work of decoding an image, which is the same for all. */
    private record Decoding() {
    }

    private final DeviceStream stream;
    private final MaskGit base;
    private final Optional<MaskGitShortcut> shortcut;
    private final VqganDecoder decoder;
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
    private final MemorySegment decodedCodes;
    private final MemorySegment rgb;
    private final MaskGit.Activations baseActivations;
    private final MaskGitShortcut.Activations shortcutActivations;
    private final MaskGitShortcut.Modulations modulations;
    private final Tensor modulation;
    private final MemorySegment maskRatios;
    private final VqganDecoder.Activations decoderActivations;

    private Sequences sequences;
    private StepPlan plan;
    private SamplingSettings sampling;
    private int newlyFixed;

    private Batch(Model model, int maxImages, DeviceStream stream, Workspace workspace, Arena arena) {
        this.stream = stream;
        this.arena = arena;
        base = model.base();
        shortcut = model.shortcut();
        decoder = model.decoder();
        config = base.config();
        int maxSequences = maxImages * MAX_GUIDED;
        long rows = (long) maxSequences * config.sequenceLength();
        long headRowCount = (long) maxSequences * config.tokens();
        ids = workspace.ints(rows);
        allSequences = new Sequences(workspace, maxImages, MAX_GUIDED, config.sequenceLength());
        sampler = new TokenSampler(workspace, maxImages, config.tokens());
        parameters = new StepParameters(workspace, maxSequences);
        feature = workspace.tensor(F32, rows, config.channels());
        headRows = new MaskGit.HeadRows(workspace, base, headRowCount);
        logits = workspace.tensor(F32, headRowCount, config.codebook());
        allPositions = workspace.ints((long) maxImages * config.tokens());
        decodedCodes = workspace.ints(config.tokens());
        rgb = workspace.bytes(VqganConfig.RGB * (long) imageSize() * imageSize());
        baseActivations = new MaskGit.Activations(workspace, base, rows);
        shortcutActivations = shortcut.map(network -> new MaskGitShortcut.Activations(workspace, network, rows,
                (long) maxImages * config.tokens())).orElse(null);
        modulations = shortcut.map(network -> new MaskGitShortcut.Modulations(workspace, network, config.tokens())).orElse(null);
        modulation = shortcut.map(network -> workspace.tensor(F32, 1, 2L * network.config().channels())).orElse(null);
        maskRatios = workspace.bytes((long) config.tokens() * Float.BYTES);
        decoderActivations = new VqganDecoder.Activations(workspace, decoder, config.grid());
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

    /** Masks everything. */
    void begin(int[] labels, long[] seeds, StepPlan newPlan, SamplingSettings newSampling) {
        plan = newPlan;
        sampling = newSampling;
        sequences = allSequences.of(stream, labels.length, sampling.guided());
        sampler.reset(stream, seeds);
        newlyFixed = 0;
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
            boolean conditional = s % sequences.guided() == 0;
            long start = (long) s * config.sequenceLength();
            for (int p = 0; p < config.tokens(); p++) {
                host.setAtIndex(JAVA_INT, start + p, config.maskId());
            }
            host.setAtIndex(JAVA_INT, start + config.tokens(), conditional ? config.classId(labels[s / sequences.guided()]) : config.droppedClassId());
        }
    }

    /** One step: features by base network or shortcut, logits of the masked rows, draw (from recorded uniforms, if there are any), selection. */
    void step(StepPlan.Step step, Optional<Uniforms.OfStep> recorded) {
        int keyCapacity = step.full() ? 0 : stream.bucket(newlyFixed, config.tokens());
        var shape = new StepShape(step.full(), sequences.images(), sequences.guided(), stream.bucket(step.masked(), config.tokens()), keyCapacity,
                recorded.isPresent());
        parameters.write(stream, sampling.block(plan, step), sequences, newlyFixed, keyCapacity);
        recorded.ifPresent(uniforms -> sampler.record(stream, uniforms, sequences.images()));
        if (!step.full() && usedShortcut().embedsTime()) {
            stream.copy(modulations.rows(step.index(), 1), modulation);
        }
        stream.replay(shape, () -> compute(shape));
        newlyFixed = step.toFix();
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
        var grid = Grid.identity(sequences.images(), sequences.guided(), config.tokens());
        sampler.sampleAndFix(stream.kernels(), grid, parameters.block(), stepLogits, shape.rowCapacity, base.headBias(), ids, sequences.offsets(),
                shape.recorded);
    }

    /** (images * guided * rowCapacity, K), without the head's bias. */
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

    private int[] ints(MemorySegment device, int count) {
        return stream.read(device.asSlice(0, (long) count * Integer.BYTES), host -> host.toArray(JAVA_INT));
    }

    /** (images, tokens), -1 where masked. */
    int[] codes() {
        return ints(sampler.codes(), images() * config.tokens());
    }

    /** (images, tokens): what the last step fixed. */
    boolean[] fixed() {
        var positions = ints(sampler.newPositions(), images() * config.tokens());
        var fixed = new boolean[positions.length];
        for (int b = 0; b < images(); b++) {
            for (int j = 0; j < newlyFixed; j++) {
                fixed[b * config.tokens() + positions[b * config.tokens() + j]] = true;
            }
        }
        return fixed;
    }

    /** (images, tokens): what the last step drew, -1 where a token was not masked. */
    int[] sampled() {
        var codes = codes();
        var fixed = fixed();
        var drawnByRow = ints(sampler.sampled(), codes.length);
        var sampled = new int[codes.length];
        for (int b = 0; b < images(); b++) {
            int row = b * config.tokens();
            for (int cell = b * config.tokens(); cell < (b + 1) * config.tokens(); cell++) {
                boolean drawn = fixed[cell] || codes[cell] == TokenSampler.MASKED;
                sampled[cell] = drawn ? drawnByRow[row++] : TokenSampler.MASKED;
            }
        }
        return sampled;
    }

    /** (sequences, T, C): all conditional ones, then all unconditional ones. */
    float[] featuresByCondition() {
        int elements = config.sequenceLength() * config.channels();
        return stream.read(features().data(), host -> {
            var out = new float[sequences.count() * elements];
            for (int s = 0; s < sequences.count(); s++) {
                int to = s % sequences.guided() * images() + s / sequences.guided();
                MemorySegment.copy(host, JAVA_FLOAT, (long) s * elements * Float.BYTES, out, to * elements, elements);
            }
            return out;
        });
    }

    /** (images, tokens, K): guided logits with bias of all tokens, from the last step's features. */
    float[] guidedLogits(StepPlan.Step step) {
        int tokens = config.tokens();
        int K = config.codebook();
        stream.write(allPositions.asSlice(0, (long) images() * tokens * Integer.BYTES), host -> {
            for (int i = 0; i < images() * tokens; i++) {
                host.setAtIndex(JAVA_INT, i, i % tokens);
            }
        });
        parameters.write(stream, sampling.block(plan, new StepPlan.Step(step.index(), step.full(), tokens, 0)), sequences, 0, 0);
        var all = stream.read(logits(allPositions, tokens).data(), host -> host.toArray(JAVA_FLOAT));
        float w = sampling.block(plan, step).guidance();
        var bias = base.headBias();
        return stream.read(bias.data(), host -> {
            var out = new float[images() * tokens * K];
            for (int i = 0; i < images() * tokens; i++) {
                int conditional = (i / tokens * sequences.guided() * tokens + i % tokens) * K;
                int unconditional = conditional + (sequences.guided() - 1) * tokens * K;
                for (int v = 0; v < K; v++) {
                    out[i * K + v] = (1 + w) * all[conditional + v] - w * all[unconditional + v]
                            + host.getAtIndex(JAVA_FLOAT, i % tokens * bias.stride() + v);
                }
            }
            return out;
        });
    }

    /** The picture of image {@code image}'s codes, all of which must be fixed. */
    RgbImage decode(int image) {
        stream.copy(sampler.codes().asSlice((long) image * decodedCodes.byteSize(), decodedCodes.byteSize()), decodedCodes);
        return decode();
    }

    /** The picture of {@code codes}, (tokens). */
    RgbImage decode(int[] codes) {
        stream.write(decodedCodes, host -> MemorySegment.copy(codes, 0, host, JAVA_INT, 0, codes.length));
        return decode();
    }

    private RgbImage decode() {
        stream.replay(new Decoding(), () ->
                stream.kernels().toRgb(decoder.decode(stream, decodedCodes, config.grid(), decoderActivations), rgb, LOWEST, HIGHEST));
        return new RgbImage(imageSize(), imageSize(), stream.read(rgb, host -> host.toArray(JAVA_BYTE)));
    }

    private int imageSize() {
        return decoder.config().imageSize(config.grid());
    }

    @Override
    public void close() {
        stream.close();
        arena.close();
    }
}
