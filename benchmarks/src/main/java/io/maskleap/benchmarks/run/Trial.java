package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.kernel.Dtype;
import java.util.Comparator;
import java.util.List;

/**
 * One way of libtorch, tried quickly.
 *
 * @param microseconds of the part of the row that a trial runs
 */
record Trial(String row, Dtype dtype, Blas blas, String way, double microseconds) {
    /** A trial is short: those that are so close to the best are timed in full. */
    private static final double CLOSE = 1.25;
    private static final int MOST = 2;

    /** The way in words, and the BLAS where it matters. */
    String setting() {
        return setting(row, blas, way);
    }

    static String setting(String row, Blas blas, String way) {
        return Rows.named(row).peer().orElseThrow().dependsOnBlas() ? blas + " + " + way : way;
    }

    /** The best of a row's trials, and one more where it is close; empty where there are none. */
    static List<Trial> best(List<Trial> trials, String row, Dtype dtype) {
        var sorted = trials.stream().filter(trial -> trial.row.equals(row) && trial.dtype == dtype)
                .sorted(Comparator.comparingDouble(Trial::microseconds)).toList();
        return sorted.stream().filter(trial -> trial.microseconds <= CLOSE * sorted.getFirst().microseconds).limit(MOST).toList();
    }
}
