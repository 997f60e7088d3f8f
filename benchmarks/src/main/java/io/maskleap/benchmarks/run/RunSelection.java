package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.libtorch.Blas;
import io.maskleap.benchmarks.row.Row;
import io.maskleap.kernel.Dtype;
import java.util.List;

/**
 * What a run measures.
 *
 * @param rows      in the order of the table
 * @param libraries names for {@link io.maskleap.benchmarks.subject.Library#of}
 * @param peers     what libtorch is tried with; empty: it is not measured
 * @param rounds    how often everything is measured, in turn
 * @param quick     whether it is a rehearsal, whose times mean nothing
 */
record RunSelection(List<Row> rows, List<Dtype> dtypes, int threads, List<String> libraries, List<Blas> peers, int rounds, boolean quick) {
}
