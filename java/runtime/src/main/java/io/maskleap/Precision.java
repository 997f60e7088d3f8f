package io.maskleap;

import io.maskleap.kernel.Dtype;

/**
 * In which numbers a model computes: the dtype of the weights and operands of its matrix products and convolutions. Sums,
 * statistics, the residual stream, the features carried from step to step and the logits are float32 in either case.
 */
public enum Precision {
    FLOAT32("f32", Dtype.F32),
    BFLOAT16("bf16", Dtype.BF16);

    private final String word;
    private final Dtype dtype;

    Precision(String word, Dtype dtype) {
        this.word = word;
        this.dtype = dtype;
    }

    Dtype dtype() {
        return dtype;
    }

    /** The precision that multiplies operands of {@code dtype}. */
    static Precision of(Dtype dtype) {
        return switch (dtype) {
            case F32 -> FLOAT32;
            case BF16 -> BFLOAT16;
        };
    }

    /** How a command line spells it. */
    @Override
    public String toString() {
        return word;
    }
}
