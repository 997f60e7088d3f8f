package io.maskleap.kernel;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionTest extends AttentionContract {
    AttentionTest() {
        super(TestLibrary.kernels()::attention, "attention");
    }

    @ParameterizedTest
    @MethodSource("headSizesAndQueries")
    void selfAttention(int dim, int tokens) {
        AttentionCase.random(Heads.of(tokens < 1000 ? 2 : 1, dim), new int[] {tokens}, new int[] {tokens}).assertRight(kernel, memory);
    }
}
