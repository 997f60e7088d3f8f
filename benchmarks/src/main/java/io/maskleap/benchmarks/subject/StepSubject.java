package io.maskleap.benchmarks.subject;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.architecture.NetworkPasses;
import io.maskleap.architecture.Networks;
import io.maskleap.device.DeviceStream;
import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.StepBlock;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.NewTokens;
import io.maskleap.network.Sequences;
import io.maskleap.sampling.TokenSampler;
import java.lang.foreign.MemorySegment;

/**
 * One step of a generation as a session does it, on features that stay on the device: the base network or the shortcut, the head on the
 * masked rows, draw and selection. Each run starts from the same state, but for the features, which a shortcut step moves on.
 */
public final class StepSubject implements Subject {
    private static final long SEED = 7;

    private final BenchmarkModel model;
    private final boolean full;
    private final Dtype dtype;
    private final Cpu cpu;
    private final Networks networks;
    private final NetworkPasses passes;
    private final StepInputs inputs;
    private final int maskId;
    private final Sequences sequences;
    private final TokenSampler sampler;
    private final BatchShape batch;
    private final Tensor feature;
    private final Tensor logits;
    private final MemorySegment initialIds;
    private final MemorySegment ids;
    private final MemorySegment initialPositions;
    private final MemorySegment block;
    private final NewTokens newTokens;
    private final Runnable step = this::step;

    /** @param full whether it is a full step; else a shortcut step */
    public StepSubject(BenchmarkModel model, boolean full, Library library, int threads, Dtype dtype) {
        this.model = model;
        this.full = full;
        this.dtype = dtype;
        cpu = new Cpu(library, threads);
        var files = new ModelFiles(model, dtype);
        networks = files.open(cpu.context(), dtype);
        inputs = StepInputs.of(model, files.base());
        maskId = files.base().maskId();
        files.close();
        var stream = cpu.stream();
        var sizes = networks.sizes();
        long rows = (long) StepInputs.SEQUENCES * sizes.sequenceLength();
        int fresh = inputs.newIds().length;
        sequences = cpu.take(room -> new Sequences(room, 1, StepInputs.SEQUENCES, sizes.sequenceLength())).of(stream, 1, StepInputs.SEQUENCES);
        sampler = cpu.take(room -> new TokenSampler(room, 1, sizes.tokens()));
        sampler.reset(stream, new long[] {SEED});
        batch = BatchShape.identity(1, StepInputs.SEQUENCES, sizes.tokens());
        passes = cpu.take(room -> networks.newPasses(room, 1, StepInputs.SEQUENCES));
        logits = cpu.tensor(Dtype.F32, (long) StepInputs.SEQUENCES * inputs.masked().length, sizes.codebook());
        feature = Values.fill(cpu.tensor(Dtype.F32, rows, sizes.channels()), inputs.feature());
        initialIds = cpu.ints(inputs.ids());
        ids = cpu.ints(inputs.ids());
        initialPositions = cpu.ints(inputs.masked());
        block = cpu.bytes(StepBlock.BYTES);
        inputs.block().writeTo(block);
        newTokens = new NewTokens(cpu.ints(inputs.newIds()), cpu.ints(inputs.newPositions()), cpu.ints(fresh), cpu.ints(0, 0), cpu.ints(fresh, fresh),
                fresh, fresh);
        if (!full) {
            passes.beginGeneration(stream, new float[] {inputs.block().maskRatio()});
            passes.prepareShortcut(stream, 0);
        }
    }

    /** Operations of a step's networks and head. */
    public static Work work(BenchmarkModel model, boolean full, Dtype dtype) {
        try (var networks = new ModelFiles(model, dtype)) {
            var base = networks.base();
            var plan = model.plan(base.tokens());
            double network = full ? NetworkWork.base(base, StepInputs.SEQUENCES)
                    : NetworkWork.shortcut(networks.shortcut(), base.sequenceLength(), StepInputs.SEQUENCES, StepInputs.newTokens(plan));
            return new Work(network + NetworkWork.head(base, (double) StepInputs.SEQUENCES * StepInputs.meanMasked(plan)), 0);
        }
    }

    @Override
    public void run() {
        cpu.stream().replay(this, step);
    }

    private void step() {
        DeviceStream stream = cpu.stream();
        restore(stream);
        if (full) {
            passes.full(stream, ids, sequences, feature);
        } else {
            passes.shortcut(stream, feature, sequences, newTokens);
        }
        passes.logits(stream, feature, sequences, sampler.positions(), block, inputs.masked().length, logits);
        sampler.sampleAndFix(stream.kernels(), batch, block, logits, inputs.masked().length, networks.headBias(), ids, sequences.offsets(), false);
    }

    /** Undoes what the last run fixed: a few kilobytes. */
    private void restore(DeviceStream stream) {
        stream.copy(initialIds, ids);
        stream.copy(initialPositions, sampler.positions().asSlice(0, initialPositions.byteSize()));
    }

    /** Features and logits are compared with libtorch's in float32. */
    @Override
    public double verify() {
        Values.fill(feature, inputs.feature());
        run();
        double error = Reference.step(model, full).require(dtype, Values.floats(feature), Values.floats(logits));
        requireFixed();
        return error;
    }

    private void requireFixed() {
        int fixed = 0;
        for (int p : inputs.masked()) {
            fixed += ids.getAtIndex(JAVA_INT, p) == maskId ? 0 : 1;
        }
        if (fixed != inputs.block().toFix()) {
            throw new IllegalStateException("step of " + model + " fixed " + fixed + " tokens, wanted " + inputs.block().toFix());
        }
    }

    @Override
    public void close() {
        networks.close();
        cpu.close();
    }
}
