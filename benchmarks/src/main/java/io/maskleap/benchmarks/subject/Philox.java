package io.maskleap.benchmarks.subject;

/** The sampler's uniforms, by Java of our own: what a kernel library draws is compared with it. Source: Salmon et al. 2011, Philox4x32-10. */
final class Philox {
    static final int DRAW = 0;
    static final int CONFIDENCE = 1;

    private static final long MULTIPLIER_0 = 0xD2511F53L;
    private static final long MULTIPLIER_1 = 0xCD9E8D57L;
    private static final int WEYL_0 = 0x9E3779B9;
    private static final int WEYL_1 = 0xBB67AE85;
    private static final int ROUNDS = 10;

    private Philox() {
    }

    /** The uniform that {@code leap_philox_uniform} gives for these. */
    static double uniform(long seed, int index, int position, int step, int purpose) {
        int[] word = {index / 4, position, step, purpose};
        int key0 = (int) seed;
        int key1 = (int) (seed >>> Integer.SIZE);
        for (int round = 0; round < ROUNDS; round++, key0 += WEYL_0, key1 += WEYL_1) {
            long product0 = MULTIPLIER_0 * Integer.toUnsignedLong(word[0]);
            long product1 = MULTIPLIER_1 * Integer.toUnsignedLong(word[2]);
            word = new int[] {(int) (product1 >>> Integer.SIZE) ^ word[1] ^ key0, (int) product1,
                (int) (product0 >>> Integer.SIZE) ^ word[3] ^ key1, (int) product0};
        }
        return ((word[index % 4] >>> 9) + 0.5) * 0x1p-23;
    }
}
