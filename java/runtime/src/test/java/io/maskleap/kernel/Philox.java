package io.maskleap.kernel;

/** Philox4x32-10, written from its paper. Source: Salmon et al. 2011, section 3.3. */
final class Philox {
    static final int DRAW = 0;
    static final int CONFIDENCE = 1;

    private static final int ROUNDS = 10;

    private Philox() {}

    /** The four words of a counter under a key. */
    static int[] words(int[] counter, int key0, int key1) {
        int[] x = counter.clone();
        for (int round = 0; round < ROUNDS; round++) {
            long product0 = 0xD2511F53L * Integer.toUnsignedLong(x[0]);
            long product1 = 0xCD9E8D57L * Integer.toUnsignedLong(x[2]);
            x = new int[] {(int) (product1 >>> 32) ^ x[1] ^ key0, (int) product1, (int) (product0 >>> 32) ^ x[3] ^ key1, (int) product0};
            key0 += 0x9E3779B9;
            key1 += 0xBB67AE85;
        }
        return x;
    }

    static double uniform(long seed, int index, int position, int step, int purpose) {
        int[] counter = {index >>> 2, position, step, purpose};
        return uniform(words(counter, (int) seed, (int) (seed >>> 32))[index & 3]);
    }

    /** What the header makes of a word. */
    static double uniform(int word) {
        return ((word >>> 9) + 0.5) * 0x1p-23;
    }
}
