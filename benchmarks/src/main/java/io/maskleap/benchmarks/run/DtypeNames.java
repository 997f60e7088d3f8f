package io.maskleap.benchmarks.run;

import io.maskleap.kernel.Dtype;
import java.util.Arrays;

/** Dtypes as command lines and tables spell them. */
final class DtypeNames {
    private DtypeNames() {
    }

    static String of(Dtype dtype) {
        return switch (dtype) {
            case F32 -> "f32";
            case BF16 -> "bf16";
        };
    }

    /** @throws IllegalArgumentException where it spells none */
    static Dtype dtype(String word) {
        return Arrays.stream(Dtype.values()).filter(dtype -> of(dtype).equals(word)).findFirst()
                .orElseThrow(() -> new IllegalArgumentException("dtype is \"" + word + "\", wanted f32 or bf16"));
    }
}
