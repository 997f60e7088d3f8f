package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModulateTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    private record Case(int rows, int C, int rowsPerModulation, float[] x, float[] modulation) {
        static Case random(int rows, int C, int rowsPerModulation) {
            var seeded = new Seeded();
            return new Case(rows, C, rowsPerModulation, seeded.normal((long) rows * C, 2),
                    seeded.normal((long) modulations(rows, rowsPerModulation) * 2 * C, 1));
        }

        static int modulations(int rows, int rowsPerModulation) {
            return Math.ceilDiv(rows, rowsPerModulation);
        }

        int modulations() {
            return modulations(rows, rowsPerModulation);
        }

        double[] formula(Precision precision) {
            var y = new double[x.length];
            for (int i = 0; i < y.length; i++) {
                int first = i / C / rowsPerModulation * 2 * C;
                double scale = modulation[first + i % C];
                double shift = modulation[first + C + i % C];
                y[i] = precision.round(precision.round(x[i] * precision.round(1 + scale)) + shift);
            }
            return y;
        }
    }

    @ParameterizedTest
    @CsvSource({"1, 1, 1", "6, 20, 2", "7, 97, 3", "97, 384, 97", "5, 8, 100", "257, 40, 1", "0, 8, 4"})
    void groupsOfRowsShareAModulation(int rows, int C, int rowsPerModulation) {
        var c = Case.random(rows, C, rowsPerModulation);
        Reference.of(c::formula).assertMatches(run(c), rows, C);
    }

    @Test
    void yMayBeX() {
        var c = Case.random(9, 20, 4);
        var inPlace = memory.inPlace(c.x);
        kernels.modulate(inPlace.matrix(9, 20), memory.input(c.modulation).matrix(3, 40), inPlace.matrix(9, 20), 4);
        assertSame(run(c), inPlace.floats(), 9, 20);
    }

    @Test
    void oneThreadComputesTheSameAsTwo() {
        var c = Case.random(1025, 384, 500);
        assertSame(onThreads(1, () -> run(c)), onThreads(2, () -> run(c)), 1025, 384);
    }

    @Test
    void refusesNegativeRowsPerModulation() {
        var none = memory.outputFloats(0);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.modulate(none.matrix(0, 4), none.matrix(0, 8), none.matrix(0, 4), -1),
                "modulate", "rows_per_modulation", "-1");
    }

    @Test
    void refusesNullPointers() {
        var x = memory.outputFloats(8).matrix(2, 4);
        var modulation = memory.outputFloats(8).matrix(1, 8);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.modulate(nullMatrix(2, 4), modulation, x, 2), "modulate", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.modulate(x, nullMatrix(1, 8), x, 2), "modulate", "modulation");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.modulate(x, modulation, nullMatrix(2, 4), 2), "modulate", "y");
    }

    private float[] run(Case c) {
        var y = memory.outputFloats(c.x.length);
        kernels.modulate(memory.input(c.x).matrix(c.rows, c.C), memory.input(c.modulation).matrix(c.modulations(), 2L * c.C), y.matrix(c.rows, c.C),
                c.rowsPerModulation);
        return y.floats();
    }
}
