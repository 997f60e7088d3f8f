package io.maskleap.kernel;

import static io.maskleap.kernel.Comparison.assertSame;
import static io.maskleap.kernel.Refusal.BAD_ARGUMENT;
import static io.maskleap.kernel.Refusal.assertRefused;
import static io.maskleap.kernel.Refusal.nullMatrix;
import static io.maskleap.kernel.TestLibrary.onThreads;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AddTest {
    @AutoClose
    private final Memory memory = new Memory();

    private final Kernels kernels = TestLibrary.kernels();

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 97, 1025, 300_001})
    void addsElementByElement(int n) {
        var seeded = new Seeded();
        var x = seeded.normal(n, 1);
        var y = seeded.normal(n, 1000);
        var expected = y.clone();
        for (int i = 0; i < n; i++) {
            expected[i] += x[i];
        }
        assertSame(expected, onThreads(1, () -> run(x, y)), n);
        assertSame(expected, onThreads(2, () -> run(x, y)), n);
    }

    @Test
    void refusesNullPointers() {
        var tensor = memory.outputFloats(3).matrix(1, 3);
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.add(nullMatrix(1, 3), tensor), "add", "x");
        assertRefused(BAD_ARGUMENT, memory, () -> kernels.add(tensor, nullMatrix(1, 3)), "add", "y");
    }

    private float[] run(float[] x, float[] y) {
        var sum = memory.inPlace(y);
        kernels.add(memory.input(x).matrix(1, x.length), sum.matrix(1, x.length));
        return sum.floats();
    }
}
