package io.maskleap.benchmarks.jmh;

import io.maskleap.benchmarks.row.Row;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.benchmarks.subject.Subject;
import org.openjdk.jmh.annotations.Param;

/** A row by our runtime with a kernel library. */
public class MaskleapBenchmark extends RowBenchmark {
    /** See {@link Library#of}. */
    @Param(Library.BUILT_IN)
    public String library;

    @Override
    Subject open(Row of) {
        return of.ours().open(Library.of(library), threads, dtype);
    }
}
