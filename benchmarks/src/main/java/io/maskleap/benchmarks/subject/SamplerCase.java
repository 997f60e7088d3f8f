package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.Arena;

/**
 * Guided logits in host memory, random ones, and what a sampler may make of them, in double precision. Gumbel-max in bfloat16 draws
 * bfloat16 noise and rounds every operation, as Lumina-DiMOO's published pipeline does.
 */
public final class SamplerCase {
    /** w of (1 + w) conditional - w unconditional. */
    public static final float GUIDANCE = 3;
    /** The weight of the Gumbel noise on the log-probability. */
    public static final float NOISE = 1;

    private static final long LOGITS_SEED = 4;
    private static final double DEVIATION = 2;
    private static final long ALIGNMENT = 64;
    private static final double TINY = 1e-20;
    /** The mean of Gumbel noise. */
    private static final double EULER = 0.5772156649;

    private final SamplerShape shape;
    private final Dtype dtype;
    private final Tensor logits;

    /** In memory that lives as long as {@code arena}. */
    public SamplerCase(SamplerShape shape, Dtype dtype, Arena arena) {
        this.shape = shape;
        this.dtype = dtype;
        long rows = 2L * shape.rows();
        logits = Values.fillNormal(Tensor.of(arena.allocate(rows * shape.codebook() * dtype.bytes(), ALIGNMENT), dtype, rows, shape.codebook()),
                LOGITS_SEED, DEVIATION);
    }

    public SamplerShape shape() {
        return shape;
    }

    /** (2 * rows, V): conditional, then unconditional rows. */
    public Tensor logits() {
        return logits;
    }

    /** Whether the noise of the draw is bfloat16. */
    boolean hasBfloat16Noise() {
        return shape.gumbel() && dtype == Dtype.BF16;
    }

    /** A row's guided logits, their distribution, and what to compare a draw with. */
    final class Row {
        private final double[] sequencesPerImage = new double[shape.codebook()];
        private final double largest;
        private final double sum;

        Row(int row) {
            double most = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < sequencesPerImage.length; v++) {
                sequencesPerImage[v] = (1 + GUIDANCE) * (double) Values.get(logits, row, v) - GUIDANCE * (double) Values.get(logits, (long) shape.rows() + row, v);
                most = Math.max(most, sequencesPerImage[v]);
            }
            largest = most;
            double total = 0;
            for (double value : sequencesPerImage) {
                total += Math.exp(value - largest);
            }
            sum = total;
        }

        double logProbability(int code) {
            return sequencesPerImage[code] - largest - Math.log(sum);
        }

        /** The mean of the log-probability of a code that is drawn. */
        double meanLogProbability() {
            double mean = 0;
            for (int v = 0; v < sequencesPerImage.length; v++) {
                mean += Math.exp(logProbability(v)) * logProbability(v);
            }
            return mean;
        }

        /** By how much of the whole the uniform misses what the code takes of the distribution function; 0 where it hits it. */
        double missByInverseCdf(int code, double uniform) {
            double below = 0;
            for (int v = 0; v < code; v++) {
                below += Math.exp(logProbability(v));
            }
            double above = below + Math.exp(logProbability(code));
            return Math.max(0, Math.max(below - uniform, uniform - above));
        }

        /** By how much another code's logit with noise exceeds that of the code; {@code uniforms} are one for each code. */
        double missByGumbelMax(int code, double[] uniforms) {
            double most = Double.NEGATIVE_INFINITY;
            for (int v = 0; v < sequencesPerImage.length; v++) {
                most = Math.max(most, sequencesPerImage[v] + gumbel(uniforms[v]));
            }
            return most - sequencesPerImage[code] - gumbel(uniforms[code]);
        }
    }

    /** The noise that a uniform makes; a uniform in bfloat16 may be 0, and 1 becomes it. */
    double gumbel(double uniform) {
        if (!hasBfloat16Noise()) {
            return -Math.log(-Math.log(uniform));
        }
        float rounded = Values.roundToBfloat16((float) uniform);
        return -Math.log(-Math.log((rounded == 1 ? 0 : rounded) + TINY) + TINY);
    }

    Row row(int row) {
        return new Row(row);
    }

    /**
     * Compares the mean log-probability of codes that were drawn, and of their confidences, with what they are to be.
     *
     * @param codes       one for each row
     * @param confidences likewise
     * @return by how much they are off, in nats
     * @throws IllegalStateException where that is more than chance explains
     */
    public double verifyMeans(float[] codes, float[] confidences) {
        double drawn = 0;
        double expected = 0;
        double noise = 0;
        for (int i = 0; i < codes.length; i++) {
            var row = row(i);
            double logProbability = row.logProbability((int) codes[i]);
            drawn += logProbability / codes.length;
            expected += row.meanLogProbability() / codes.length;
            noise += (confidences[i] - logProbability) / codes.length;
        }
        double error = Math.max(Math.abs(drawn - expected), Math.abs(noise - NOISE * EULER));
        // Six deviations of a mean of noise; uniform numbers in bfloat16 lack the largest noise.
        double allowed = 6 * 1.3 / Math.sqrt(codes.length) + (dtype == Dtype.BF16 ? 0.2 : 0);
        if (!(error <= allowed)) {
            throw new IllegalStateException("sampler draws codes of mean log-probability %.3f, wanted %.3f; its mean noise is %.3f, wanted %.3f"
                    .formatted(drawn, expected, noise, NOISE * EULER));
        }
        return error;
    }
}
