package io.maskleap.device.cuda;

/** What sizes that vary from step to step are rounded up to. */
final class Buckets {
    /** The least step from one bucket to the next: rows that a tensor core's tile has at least. */
    private static final int LEAST = 16;

    private Buckets() {
    }

    /**
     * The bucket of {@code size}: 16, 32, 48 and so on, then four to each doubling, so that at most a fifth of a bucket's rows are in vain beyond
     * the first few, and 1024 rows have 20 buckets.
     *
     * @param size 0 or more; 0 has a bucket of its own
     * @param most at least {@code size}: no bucket is larger
     */
    static int of(int size, int most) {
        if (size == 0) {
            return 0;
        }
        int step = Math.max(LEAST, Integer.highestOneBit(size - 1) / 4);
        return Math.min(most, Math.ceilDiv(size, step) * step);
    }
}
