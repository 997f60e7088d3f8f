package io.maskleap.benchmarks.subject;

import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.kernel.BatchShape;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.SampleCall;
import io.maskleap.kernel.StepBlock;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.stream.IntStream;

/** One call of our fused sampler, all positions masked: guidance, softmax, draw and confidence. */
public final class SamplerSubject implements Subject {
    private static final long SEED = 42;
    private static final int STEP = 3;
    private static final int ROWS_TO_VERIFY = 128;

    private final Cpu cpu;
    private final SamplerCase operands;
    private final MemorySegment sampled;
    private final MemorySegment confidence;
    private final SampleCall call;

    public SamplerSubject(SamplerShape shape, Library library, int threads, Dtype dtype) {
        cpu = new Cpu(library, threads);
        operands = new SamplerCase(shape, dtype, cpu.arena());
        int rows = shape.rows();
        var seeds = cpu.bytes(Long.BYTES);
        seeds.set(JAVA_LONG, 0, SEED);
        var step = cpu.bytes(StepBlock.BYTES);
        new StepBlock(STEP, rows, rows / 2, StepBlock.Confidence.LOG_PROBABILITY, 1, SamplerCase.GUIDANCE, 1, 1, SamplerCase.NOISE).writeTo(step);
        sampled = cpu.ints(new int[rows]);
        confidence = cpu.bytes((long) rows * Float.BYTES);
        call = new SampleCall(BatchShape.identity(1, 2, rows), operands.logits(), rows, null, cpu.ints(IntStream.range(0, rows).toArray()), seeds,
                MemorySegment.NULL, MemorySegment.NULL, step, sampled, confidence,
                shape.gumbel() ? SampleCall.Draw.GUMBEL_MAX : SampleCall.Draw.INVERSE_CDF, operands.hasBfloat16Noise() ? Dtype.BF16 : Dtype.F32);
    }

    @Override
    public void run() {
        cpu.kernels().sample(call);
    }

    /** The draws are compared with those of the same uniforms in double precision. */
    @Override
    public double verify() {
        run();
        double worst = 0;
        int stride = Math.max(1, operands.shape().rows() / ROWS_TO_VERIFY);
        for (int row = 0; row < operands.shape().rows(); row += stride) {
            worst = Math.max(worst, verify(row));
        }
        return worst;
    }

    private double verify(int index) {
        var row = operands.row(index);
        int code = sampled.getAtIndex(JAVA_INT, index);
        if (code < 0 || code >= operands.shape().codebook()) {
            throw new IllegalStateException("sampler is wrong at row " + index + ": drew code " + code + " of " + operands.shape().codebook());
        }
        double miss = operands.shape().gumbel() ? row.missByGumbelMax(code, uniforms(index)) : row.missByInverseCdf(code, uniform(0, index, Philox.DRAW));
        double expected = row.logProbability(code) + SamplerCase.NOISE * operands.gumbel(uniform(0, index, Philox.CONFIDENCE));
        double error = Math.abs(confidence.getAtIndex(JAVA_FLOAT, index) - expected);
        // Where every operation is rounded to bfloat16, logits of tens are off by up to a quarter, each of several times.
        double allowed = operands.hasBfloat16Noise() ? 1 : 1e-3;
        if (!(miss <= (operands.shape().gumbel() ? allowed : 1e-5)) || !(error <= allowed)) {
            throw new IllegalStateException("sampler is wrong at row " + index + ": code " + code + " misses by " + miss + ", its confidence is off by " + error);
        }
        return Math.max(miss, error);
    }

    private double[] uniforms(int position) {
        var uniforms = new double[operands.shape().codebook()];
        Arrays.setAll(uniforms, v -> uniform(v, position, Philox.DRAW));
        return uniforms;
    }

    private static double uniform(int index, int position, int purpose) {
        return Philox.uniform(SEED, index, position, STEP, purpose);
    }

    @Override
    public void close() {
        cpu.close();
    }
}
