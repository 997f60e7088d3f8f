package io.maskleap.benchmarks.report;

import io.maskleap.benchmarks.subject.Work;
import java.util.OptionalDouble;

/** Lines for tests. */
public final class Lines {
    private Lines() {
    }

    /** A line of two threads that has not been compared with anything. */
    public static Line of(String row, String dtype, String by, double medianUs, Work work) {
        return new Line(row, dtype, 2, by, by.equals(Line.LIBTORCH) ? "MKL + matmul" : "", "x86-64-v4", new TimeStatistics(medianUs, medianUs / 2, medianUs * 2, 10), work,
                1e-6, OptionalDouble.empty(), OptionalDouble.empty());
    }
}
