package io.maskleap.tools;

import io.maskleap.Precision;

/**
 * Bounds on errors against what the reference recorded in float32.
 *
 * @param feature  of features
 * @param logit    of logits
 * @param image    of images
 * @param relative whether they bound the largest error as a part of the tensor's largest magnitude; else the error itself
 */
record Tolerances(double feature, double logit, double image, boolean relative) {
    private static final Tolerances FLOAT32 = new Tolerances(1e-4, 1e-3, 2e-4, false);

    /** About twice what rounding the operands of products to bfloat16 costs a plain implementation. */
    private static final Tolerances BFLOAT16 = new Tolerances(0.03, 0.03, 0.06, true);

    static Tolerances of(Precision precision) {
        return switch (precision) {
            case FLOAT32 -> FLOAT32;
            case BFLOAT16 -> BFLOAT16;
        };
    }
}
