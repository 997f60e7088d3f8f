package io.maskleap.kernel;

import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Random test data from a fixed seed, which failures print; {@code -Dmaskleap.test.seed=N} tries another one. */
final class Seeded {
    static final long SEED = Long.getLong("maskleap.test.seed", 2026);

    private final SplittableRandom random = new SplittableRandom(SEED);

    /** Normal with mean 0. */
    float[] normal(long n, double deviation) {
        return normal(n, 0, deviation);
    }

    float[] normal(long n, double mean, double deviation) {
        var values = new float[Math.toIntExact(n)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextGaussian(mean, deviation);
        }
        return values;
    }

    float[] uniform(long n, double low, double high) {
        var values = new float[Math.toIntExact(n)];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(low, high);
        }
        return values;
    }

    /** Between 0 and 1, neither included. */
    double[] uniforms(long n) {
        return random.doubles(n, Double.MIN_NORMAL, 1).toArray();
    }

    int[] ints(long n, int bound) {
        return random.ints(n, 0, bound).toArray();
    }

    long[] seeds(int n) {
        return random.longs(n).toArray();
    }

    /** So many different numbers below {@code bound}, ascending. */
    int[] ascending(int n, int bound) {
        return IntStream.of(permutation(bound)).limit(n).sorted().toArray();
    }

    int[] permutation(int n) {
        var values = IntStream.range(0, n).toArray();
        for (int i = n - 1; i > 0; i--) {
            int j = random.nextInt(i + 1);
            int swapped = values[i];
            values[i] = values[j];
            values[j] = swapped;
        }
        return values;
    }
}
