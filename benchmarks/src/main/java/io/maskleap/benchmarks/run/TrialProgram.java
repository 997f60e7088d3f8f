package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.libtorch.Libtorch;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.row.Rows;
import io.maskleap.kernel.Dtype;
import io.maskleap.weights.Json;
import java.util.LinkedHashMap;

/** The process that tries libtorch's ways with one BLAS, which cannot be changed within a process. */
final class TrialProgram {
    /** What a line begins with that holds a trial. */
    static final String MARK = "trial ";

    /** What is this many times slower than the best so far need not be timed again. */
    private static final double HOPELESS = 3;
    private static final double SECONDS = 0.3;
    private static final int MOST_RUNS = 20;

    private TrialProgram() {
    }

    /** @param arguments the BLAS, the number of threads, then a row and a dtype, another row and a dtype... */
    public static void main(String[] arguments) {
        var blas = Blas.valueOf(arguments[0]);
        Libtorch.start(blas, Integer.parseInt(arguments[1]));
        for (int i = 2; i < arguments.length; i += 2) {
            tryAll(blas, Rows.named(arguments[i]), Dtype.valueOf(arguments[i + 1]));
        }
    }

    private static void tryAll(Blas blas, Row row, Dtype dtype) {
        var peer = row.peer().orElseThrow();
        double best = Double.POSITIVE_INFINITY;
        for (var way : peer.ways(dtype)) {
            var json = new LinkedHashMap<String, Object>();
            json.put("row", row.name());
            json.put("dtype", dtype.name());
            json.put("way", way);
            try (var subject = peer.openTrial(dtype, way)) {
                double microseconds = time(subject::run, best);
                best = Math.min(best, microseconds);
                json.put("microseconds", microseconds);
            } catch (RuntimeException e) { // a way that this libtorch lacks is a result too
                json.put("failure", String.valueOf(e.getMessage()).lines().findFirst().orElse(""));
            }
            System.out.println(MARK + Json.compact(json));
        }
    }

    /** The least of several runs. */
    private static double time(Runnable run, double best) {
        double least = once(run);
        double sum = least;
        for (int i = 1; i < MOST_RUNS && (i == 1 || sum < SECONDS * 1e6) && least < HOPELESS * best; i++) {
            double each = once(run);
            sum += each;
            least = Math.min(least, each);
        }
        return least;
    }

    private static double once(Runnable run) {
        long start = System.nanoTime();
        run.run();
        return (System.nanoTime() - start) * 1e-3;
    }
}
