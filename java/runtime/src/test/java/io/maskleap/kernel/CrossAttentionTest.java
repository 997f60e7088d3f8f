package io.maskleap.kernel;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class CrossAttentionTest extends AttentionContract {
    CrossAttentionTest() {
        super(TestLibrary.kernels()::crossAttention, "cross");
    }

    /** One image's two sequences: the shortcut's newly sampled tokens are the keys of both. */
    @ParameterizedTest
    @MethodSource("headSizesAndQueries")
    void attentionToNoOneAndThirtyThreeKeys(int dim, int tokens) {
        for (int keys : new int[] {0, 1, 33}) {
            AttentionCase.random(Heads.of(2, dim), new int[] {0, tokens, 2 * tokens}, new int[2], new int[] {keys, keys}).assertRight(kernel, memory);
        }
    }

    @Test
    void aLongListOfKeysIsNoError() {
        AttentionCase.random(Heads.of(1, 24), new int[] {70}, new int[] {1025}).assertRight(kernel, memory);
    }
}
