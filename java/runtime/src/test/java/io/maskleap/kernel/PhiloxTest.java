package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.TestLibrary.onThreads;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PhiloxTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** A published known answer. Source: kat_vectors of Random123 (Salmon et al. 2011). */
    private record KnownAnswer(int[] counter, int key0, int key1, int[] words) {
        static final KnownAnswer ZEROS = new KnownAnswer(new int[4], 0, 0, new int[] {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
        static final KnownAnswer ONES = new KnownAnswer(new int[] {-1, -1, -1, -1}, -1, -1, new int[] {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
        static final KnownAnswer PI = new KnownAnswer(new int[] {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, 0xa4093822, 0x299f31d0,
                new int[] {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
    }

    @Test
    void theReferenceGivesTheKnownAnswers() {
        for (var known : new KnownAnswer[] {KnownAnswer.ZEROS, KnownAnswer.ONES, KnownAnswer.PI}) {
            assertArrayEquals(known.words, Philox.words(known.counter, known.key0, known.key1));
        }
    }

    /** The vector of ones has a counter that no index reaches: index / 4 is below 2^30. */
    @Test
    void theKernelGivesTheKnownAnswers() {
        for (var known : new KnownAnswer[] {KnownAnswer.ZEROS, KnownAnswer.PI}) {
            long seed = Integer.toUnsignedLong(known.key0) | (long) known.key1 << 32;
            var expected = new float[4];
            for (int i = 0; i < 4; i++) {
                expected[i] = (float) Philox.uniform(known.words[i]);
            }
            assertSame(expected, run(seed, known.counter[0] * 4, known.counter[1], known.counter[2], known.counter[3], 4), 4);
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 0, 0, 0, 0, 1", "1, 1, 2, 3, 1, 97", "-1, 3, 1023, 15, 0, 257", "123456789012345, 1073741823, 7, -1, 1, 1025", "-5, -8, -1, 1, -1, 8"})
    void everyIndexPositionStepAndPurpose(long seed, int first, int position, int step, int purpose, int n) {
        var expected = new float[n];
        for (int i = 0; i < n; i++) {
            expected[i] = (float) Philox.uniform(seed, first + i, position, step, purpose);
        }
        assertSame(expected, run(seed, first, position, step, purpose, n), n);
    }

    @Test
    void uniformsAreUniform() {
        int bins = 256;
        var counts = new long[bins];
        for (float u : run(7, 0, 3, 5, 0, 1 << 18)) {
            assertTrue(u > 0 && u < 1);
            counts[(int) (u * bins)]++;
        }
        var equal = new double[bins];
        Arrays.fill(equal, 1.0 / bins);
        ChiSquare.assertFits(counts, equal);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        int n = 300_001;
        assertSame(onThreads(1, () -> run(11, 1, 2, 3, 0, n)), onThreads(2, () -> run(11, 1, 2, 3, 0, n)), n);
    }

    @Test
    void nothingIsNoError() {
        assertSame(new float[0], run(1, 0, 0, 0, 0, 0), 0);
    }

    @Test
    void refusesANegativeCount() {
        var out = memory.outputFloats(4).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.philoxUniform(1, 0, 0, 0, 0, out, -1), "philox", "n", "-1");
    }

    @Test
    void refusesANullPointer() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.philoxUniform(1, 0, 0, 0, 0, Refusal.nullOf(16), 4), "philox", "out");
    }

    private float[] run(long seed, int first, int position, int step, int purpose, int n) {
        var out = memory.outputFloats(n);
        kernels.philoxUniform(seed, first, position, step, purpose, out.segment(), n);
        return out.floats();
    }
}
