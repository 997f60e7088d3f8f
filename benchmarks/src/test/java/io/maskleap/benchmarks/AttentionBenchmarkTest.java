package io.maskleap.benchmarks;

import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

/** What is timed is right, and a wrong shape is refused. */
class AttentionBenchmarkTest {
    @Test
    void resultOfASmallShapeIsVerified() {
        try (var attention = AttentionCase.parse("2x3x33x20", 2)) {
            attention.run();
            attention.verify();
        }
    }

    @Test
    void verificationFailsBeforeTheKernelHasRun() {
        try (var attention = AttentionCase.parse("1x1x9x8", 1)) {
            assertThrows(IllegalStateException.class, attention::verify);
        }
    }

    @Test
    void shapeNeedsFourSizes() {
        assertThrows(IllegalArgumentException.class, () -> AttentionCase.parse("2x16x1025", 1));
    }
}
