package io.maskleap.kernel;

/**
 * How rows are split into attention heads.
 *
 * @param queries heads of the queries
 * @param keys    heads of keys and values; divides {@code queries}
 * @param dim     elements of a head, 1 to 128
 */
public record Heads(int queries, int keys, int dim) {

    /** As many key heads as query heads. */
    public static Heads of(int heads, int dim) {
        return new Heads(heads, heads, dim);
    }

    /** Source: Vaswani et al. 2017, eq. 1. */
    public float scale() {
        return (float) (1 / Math.sqrt(dim));
    }
}
