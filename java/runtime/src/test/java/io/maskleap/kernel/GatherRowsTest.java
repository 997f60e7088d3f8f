package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.Refusal.nullOf;
import static io.maskleap.kernel.TestLibrary.onThreads;

import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GatherRowsTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    /** {@code positionRows} is null where grid positions are rows. */
    private record Case(int images, int sequencesPerImage, int tokens, int masked, int rowCapacity, int C, int rows, float[] x, int[] rowOffsets, int[] positions,
            int[] positionRows) {

        /** Sequences of tokens + 2 rows, the second of an image two rows longer than the first. */
        static Case random(int images, int sequencesPerImage, int tokens, int masked, int rowCapacity, int C, boolean mapped) {
            var seeded = new Seeded();
            var rowOffsets = new int[images * sequencesPerImage];
            int rows = 3;
            for (int s = 0; s < rowOffsets.length; s++) {
                rowOffsets[s] = rows;
                rows += tokens + 2 + 2 * (s % sequencesPerImage);
            }
            var positions = new int[images * tokens];
            for (int b = 0; b < images; b++) {
                System.arraycopy(seeded.ascending(masked, tokens), 0, positions, b * tokens, masked);
            }
            var positionRows = new int[sequencesPerImage * tokens];
            for (int g = 0; g < sequencesPerImage; g++) {
                System.arraycopy(seeded.permutation(tokens), 0, positionRows, g * tokens, tokens);
            }
            return new Case(images, sequencesPerImage, tokens, masked, rowCapacity, C, rows, seeded.normal((long) rows * C, 1), rowOffsets, positions,
                    mapped ? positionRows : null);
        }

        /** Rows from {@code masked} on keep what {@code out} has there. */
        float[] expected(float[] out) {
            for (int b = 0; b < images; b++) {
                for (int g = 0; g < sequencesPerImage; g++) {
                    for (int j = 0; j < masked; j++) {
                        int position = positions[b * tokens + j];
                        int row = rowOffsets[b * sequencesPerImage + g] + (positionRows == null ? position : positionRows[g * tokens + position]);
                        System.arraycopy(x, row * C, out, ((b * sequencesPerImage + g) * rowCapacity + j) * C, C);
                    }
                }
            }
            return out;
        }

        int outRows() {
            return images * sequencesPerImage * rowCapacity;
        }
    }

    static StepBlock step(int masked) {
        return new StepBlock(0, masked, 0, StepBlock.Confidence.PROBABILITY, 1, 0, 1, 1, 0);
    }

    private float[] run(Case c) {
        var out = memory.outputFloats((long) c.outRows() * c.C);
        var positionRows = c.positionRows == null ? MemorySegment.NULL : memory.input(c.positionRows).segment();
        kernels.gatherRows(new BatchShape(c.images, c.sequencesPerImage, c.tokens, positionRows), memory.input(c.x).matrix(c.rows, c.C), memory.input(c.rowOffsets).segment(),
                memory.input(c.positions).segment(), memory.input(step(c.masked)).segment(), out.matrix(c.outRows(), c.C), c.rowCapacity);
        return out.floats();
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1, 1, 1, 1", "1, 2, 97, 97, 97, 20", "5, 2, 64, 33, 40, 24", "3, 1, 257, 0, 16, 8", "2, 2, 1024, 1000, 1024, 48", "0, 2, 4, 3, 4, 8"})
    void maskedRowsArePackedAndOthersLeft(int images, int sequencesPerImage, int tokens, int masked, int rowCapacity, int C) {
        for (boolean mapped : new boolean[] {false, true}) {
            var c = Case.random(images, sequencesPerImage, tokens, masked, rowCapacity, C, mapped);
            var expected = c.expected(memory.outputFloats((long) c.outRows() * C).floats());
            assertSame(expected, run(c), images, sequencesPerImage, rowCapacity, C);
        }
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(2, 2, 1024, 1000, 1024, 200, true);
        assertSame(onThreads(1, () -> run(c)), onThreads(2, () -> run(c)), 2, 2, 1024, 200);
    }

    // ---- refusals ----

    private final BatchShape grid = BatchShape.identity(1, 1, 4);
    private final Tensor x = memory.input(new float[4 * 8]).matrix(4, 8);
    private final MemorySegment offsets = memory.input(0).segment();
    private final MemorySegment positions = memory.input(0, 2, 3, 0).segment();
    private final MemorySegment step = memory.input(step(3)).segment();
    private final Tensor out = memory.outputFloats(3 * 8).matrix(3, 8);

    @Test
    void refusesMoreMaskedThanRows() {
        TestLibrary.assumeCpu();
        var four = memory.input(step(4)).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, positions, four, out, 3), "gather", "masked", "4", "3");
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 5})
    void refusesMaskedOutsideTheGrid(int masked) {
        TestLibrary.assumeCpu();
        var bad = memory.input(step(masked)).segment();
        var wide = memory.outputFloats(6 * 8).matrix(6, 8);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, positions, bad, wide, 6), "gather", "masked", Integer.toString(masked));
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 4})
    void refusesAPositionOutsideTheGrid(int position) {
        TestLibrary.assumeCpu();
        var bad = memory.input(0, 1, position, 0).segment();
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, bad, step, out, 3), "gather", "position",
                Integer.toString(position), "4");
    }

    @Test
    void refusesNegativeSizes() {
        var none = memory.outputFloats(0).matrix(0, 8);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(BatchShape.identity(-1, 1, 4), x, offsets, positions, step, none, 0), "gather", "images", "-1");
    }

    @Test
    void refusesNullPointers() {
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, nullMatrix(4, 8), offsets, positions, step, out, 3), "gather", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, nullOf(4), positions, step, out, 3), "gather", "row_offsets");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, nullOf(16), step, out, 3), "gather", "positions");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, positions, nullOf(40), out, 3), "gather", "step");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.gatherRows(grid, x, offsets, positions, step, nullMatrix(3, 8), 3), "gather", "out");
    }
}
