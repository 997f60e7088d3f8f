package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import java.util.List;

/**
 * How libtorch computes a row, in every way that could be a user's first choice: which is the best depends on the machine, so all
 * are tried. libtorch must have been started.
 */
public interface Peer {

    /** The ways, by names that the output shows. */
    List<String> ways(Dtype dtype);

    /** Whether it computes with the BLAS that libtorch was started with. */
    boolean dependsOnBlas();

    /** The computation in one of its ways. */
    Subject open(Dtype dtype, String way);

    /** What to try a way with: the same computation, or a part of it that tells ways apart as well and costs less. */
    default Subject openTrial(Dtype dtype, String way) {
        return open(dtype, way);
    }
}
