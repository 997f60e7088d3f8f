package io.maskleap.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.kernel.SampleCall.Draw;
import io.maskleap.kernel.StepBlock.Confidence;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Consumer;

/**
 * Inputs of the sampler, and what it should make of them. Fields have the simplest values; a test sets those that it is
 * about. Every image has all of {@link #masked} rows at positions of its own.
 */
final class SampleCase {
    final int images;
    final int sequencesPerImage;
    final int tokens;
    final int masked;
    final int rowCapacity;
    final int vocabulary;

    float[] logits; // (images, sequencesPerImage, rowCapacity, vocabulary)
    float[] bias; // (tokens, biasStride), or null
    int biasStride;
    int[] positions; // (images, tokens)
    long[] seeds;
    double[] uDraw; // (images, tokens) by position, for Gumbel-max (images, rowCapacity, vocabulary) by row; null: Philox
    double[] uConfidence; // (images, tokens) by position; null: Philox
    Draw draw = Draw.INVERSE_CDF;
    Confidence confidence = Confidence.LOG_PROBABILITY;
    int index = 3;
    float guidance;
    float drawScale = 1;
    float confidenceScale = 1;
    float noise = 1;

    record Result(int[] codes, float[] confidence) {}

    /** Random logits, positions and seeds. */
    SampleCase(int images, int sequencesPerImage, int tokens, int masked, int rowCapacity, int vocabulary, double deviation) {
        this.images = images;
        this.sequencesPerImage = sequencesPerImage;
        this.tokens = tokens;
        this.masked = masked;
        this.rowCapacity = rowCapacity;
        this.vocabulary = vocabulary;
        var seeded = new Seeded();
        logits = seeded.normal((long) images * sequencesPerImage * rowCapacity * vocabulary, deviation);
        seeds = seeded.seeds(images);
        positions = new int[images * tokens];
        for (int b = 0; b < images; b++) {
            System.arraycopy(seeded.ascending(masked, tokens), 0, positions, b * tokens, masked);
        }
    }

    /** One image, one sequence, a row for each token. */
    static SampleCase rows(int rows, int vocabulary, double deviation) {
        return new SampleCase(1, 1, rows, rows, rows, vocabulary, deviation);
    }

    /** All rows of an image whose logits are these. */
    static SampleCase repeated(int images, int rows, float... logits) {
        var repeated = new SampleCase(images, 1, rows, rows, rows, logits.length, 0);
        for (int row = 0; row < images * rows; row++) {
            System.arraycopy(logits, 0, repeated.logits, row * logits.length, logits.length);
        }
        return repeated;
    }

    SampleCase with(Consumer<SampleCase> change) {
        change.accept(this);
        return this;
    }

    /** Random uniforms handed in, in place of Philox. */
    SampleCase recorded() {
        var seeded = new Seeded();
        uDraw = seeded.uniforms(draw == Draw.GUMBEL_MAX ? (long) images * rowCapacity * vocabulary : (long) images * tokens);
        uConfidence = seeded.uniforms((long) images * tokens);
        return this;
    }

    /** Image {@code b} alone, with the same seed and uniforms. */
    SampleCase alone(int b) {
        var alone = new SampleCase(1, sequencesPerImage, tokens, masked, rowCapacity, vocabulary, 0);
        int sequences = sequencesPerImage * rowCapacity * vocabulary;
        alone.logits = Arrays.copyOfRange(logits, b * sequences, (b + 1) * sequences);
        alone.bias = bias;
        alone.biasStride = biasStride;
        alone.positions = Arrays.copyOfRange(positions, b * tokens, (b + 1) * tokens);
        alone.seeds = new long[] {seeds[b]};
        alone.uDraw = uDraw == null ? null : Arrays.copyOfRange(uDraw, b * uDraw.length / images, (b + 1) * uDraw.length / images);
        alone.uConfidence = uConfidence == null ? null : Arrays.copyOfRange(uConfidence, b * tokens, (b + 1) * tokens);
        alone.draw = draw;
        alone.confidence = confidence;
        alone.index = index;
        alone.guidance = guidance;
        alone.drawScale = drawScale;
        alone.confidenceScale = confidenceScale;
        alone.noise = noise;
        return alone;
    }

    StepBlock step() {
        return new StepBlock(index, masked, 0, confidence, (float) masked / tokens, guidance, drawScale, confidenceScale, noise);
    }

    /** Runs the kernel; rows from {@link #masked} on must keep their poison, and do not come back. */
    Result run(Memory memory) {
        var codes = memory.outputInts((long) images * tokens);
        var confidences = memory.outputFloats((long) images * tokens);
        TestLibrary.kernels().sample(call(memory, codes.segment(), confidences.segment()));
        int[] allCodes = codes.ints();
        float[] allConfidences = confidences.floats();
        var result = new Result(new int[images * masked], new float[images * masked]);
        for (int b = 0; b < images; b++) {
            System.arraycopy(allCodes, b * tokens, result.codes, b * masked, masked);
            System.arraycopy(allConfidences, b * tokens, result.confidence, b * masked, masked);
            for (int j = b * tokens + masked; j < (b + 1) * tokens; j++) {
                assertTrue(Memory.isPoison(allCodes[j]) && Memory.isPoison(allConfidences[j]), "a row beyond the masked ones was written");
            }
        }
        return result;
    }

    SampleCall call(Memory memory, MemorySegment codes, MemorySegment confidences) {
        var biasRows = bias == null ? null : new Tensor(memory.input(bias).segment(), Dtype.F32, tokens, vocabulary, biasStride);
        return new SampleCall(BatchShape.identity(images, sequencesPerImage, tokens), memory.input(logits).matrix((long) images * sequencesPerImage * rowCapacity, vocabulary),
                rowCapacity, biasRows, memory.input(positions).segment(), memory.input(seeds).segment(),
                uDraw == null ? MemorySegment.NULL : memory.input(uDraw).segment(),
                uConfidence == null ? MemorySegment.NULL : memory.input(uConfidence).segment(),
                memory.input(step()).segment(), codes, confidences, draw, Dtype.F32);
    }

    /** Runs the kernel and checks every code, and the confidence of the code that it chose. */
    void assertRight(Memory memory) {
        var result = run(memory);
        for (int b = 0; b < images; b++) {
            for (int j = 0; j < masked; j++) {
                assertCode(b, j, result.codes[b * masked + j]);
            }
        }
        Reference.of(precision -> confidences(precision, result.codes)).assertMatches(result.confidence, images, masked);
    }

    // ---- the header's formulas ----

    private int position(int b, int j) {
        return positions[b * tokens + j];
    }

    /** (1 + w) conditional - w unconditional + bias[p]. */
    double[] logits(Precision precision, int b, int j) {
        var row = new double[vocabulary];
        for (int v = 0; v < vocabulary; v++) {
            double logit = logits[((b * sequencesPerImage) * rowCapacity + j) * vocabulary + v];
            if (sequencesPerImage == 2) {
                double unconditional = logits[((b * sequencesPerImage + 1) * rowCapacity + j) * vocabulary + v];
                logit = precision.round(precision.round(precision.round(1.0 + guidance) * logit) - precision.round(guidance * unconditional));
            }
            row[v] = bias == null ? logit : precision.round(logit + bias[position(b, j) * biasStride + v]);
        }
        return row;
    }

    /** The recorded one, or the one at index 0 of Philox. */
    private double uniform(double[] recorded, int b, int position, int purpose) {
        return recorded == null ? Philox.uniform(seeds[b], 0, position, index, purpose) : recorded[b * tokens + position];
    }

    private static double gumbel(Precision precision, double u) {
        return precision.round(-Math.log(precision.round(-Math.log(u))));
    }

    private void assertCode(int b, int j, int code) {
        assertTrue(code >= 0 && code < vocabulary, () -> where(b, j) + ": code " + code + " of " + vocabulary);
        switch (draw) {
            case INVERSE_CDF -> assertInverseCdf(b, j, code);
            case GUMBEL_MAX -> assertMaximum(b, j, code, Reference.of(precision -> perturbed(precision, b, j)));
            case ARGMAX -> assertMaximum(b, j, code, Reference.of(precision -> logits(precision, b, j)));
        }
    }

    /** Right, but for a uniform within the tolerance of a step of the distribution function. */
    private void assertInverseCdf(int b, int j, int code) {
        var cdf = Reference.of(precision -> cumulative(precision, b, j));
        double u = uniform(uDraw, b, position(b, j), Philox.DRAW);
        double below = code == 0 ? 0 : cdf.exact()[code - 1];
        assertTrue(below - cdf.allowance() < u && u <= cdf.exact()[code] + cdf.allowance(),
                () -> where(b, j) + ": code " + code + " stands for uniforms " + below + " to " + cdf.exact()[code] + ", the uniform is " + u);
    }

    private double[] cumulative(Precision precision, int b, int j) {
        var cdf = precision.softmax(logits(precision, b, j), drawScale);
        for (int v = 1; v < vocabulary; v++) {
            cdf[v] = precision.round(cdf[v] + cdf[v - 1]);
        }
        for (int v = 0; v < vocabulary; v++) {
            cdf[v] = precision.round(cdf[v] / cdf[vocabulary - 1]);
        }
        return cdf;
    }

    private double[] perturbed(Precision precision, int b, int j) {
        var scores = logits(precision, b, j);
        for (int v = 0; v < vocabulary; v++) {
            double u = uDraw == null ? Philox.uniform(seeds[b], v, position(b, j), index, Philox.DRAW) : uDraw[(b * rowCapacity + j) * vocabulary + v];
            scores[v] = precision.round(precision.round(drawScale * scores[v]) + gumbel(precision, u));
        }
        return scores;
    }

    private void assertMaximum(int b, int j, int code, Reference scores) {
        double max = Arrays.stream(scores.exact()).max().orElseThrow();
        assertTrue(scores.exact()[code] >= max - 2 * scores.allowance(),
                () -> where(b, j) + ": code " + code + " has " + scores.exact()[code] + ", the maximum is " + max);
    }

    private double[] confidences(Precision precision, int[] codes) {
        var confidences = new double[codes.length];
        for (int b = 0; b < images; b++) {
            for (int j = 0; j < masked; j++) {
                int at = b * masked + j;
                double p = precision.softmax(logits(precision, b, j), confidenceScale)[codes[at]];
                double u = uniform(uConfidence, b, position(b, j), Philox.CONFIDENCE);
                confidences[at] = switch (confidence) {
                    case LOG_PROBABILITY -> precision.round(precision.round(Math.log(Math.max(p, 1e-20))) + precision.round(noise * gumbel(precision, u)));
                    case PROBABILITY -> p;
                    case UNIFORM -> precision.round(u);
                };
            }
        }
        return confidences;
    }

    private static String where(int b, int j) {
        return "image " + b + ", row " + j + " (seed " + Seeded.SEED + ")";
    }
}
