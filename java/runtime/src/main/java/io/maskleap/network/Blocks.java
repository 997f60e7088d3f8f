package io.maskleap.network;

import io.maskleap.weights.TensorSource;

/** Counting of numbered parts by their names. */
public final class Blocks {
    private Blocks() {
    }

    /** How many i there are, from 0 without a gap, for which {@code prefix + i + suffix} is a tensor. */
    public static int count(TensorSource source, String prefix, String suffix) {
        int count = 0;
        while (source.find(prefix + count + suffix).isPresent()) {
            count++;
        }
        return count;
    }
}
