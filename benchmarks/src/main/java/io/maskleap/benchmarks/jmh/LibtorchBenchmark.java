package io.maskleap.benchmarks.jmh;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.libtorch.Libtorch;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.subject.Subject;
import org.openjdk.jmh.annotations.Param;

/** A row by libtorch, in one way and with one BLAS. */
public class LibtorchBenchmark extends RowBenchmark {
    /** OPENBLAS or MKL. */
    @Param("OPENBLAS")
    public Blas blas;

    /** One of the row's ways; empty: its first. */
    @Param("")
    public String way;

    @Override
    Subject open(Row of) {
        var peer = of.peer().orElseThrow(() -> new IllegalArgumentException("row " + row + " has no peer"));
        Libtorch.start(blas, threads);
        return peer.open(dtype, way.isEmpty() ? peer.ways(dtype).getFirst() : way);
    }
}
