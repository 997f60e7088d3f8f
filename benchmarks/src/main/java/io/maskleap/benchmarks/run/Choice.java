package io.maskleap.benchmarks.run;

import io.maskleap.benchmarks.row.Row;
import io.maskleap.kernel.Dtype;
import java.util.List;

/**
 * What a run measures.
 *
 * @param rows      in the order of the table
 * @param libraries names for {@link io.maskleap.benchmarks.subject.Library#of}
 * @param peers     whether libtorch is measured too
 * @param rounds    how often everything is measured, in turn
 * @param quick     whether it is a rehearsal, whose times mean nothing
 */
record Choice(List<Row> rows, List<Dtype> dtypes, int threads, List<String> libraries, boolean peers, int rounds, boolean quick) {
}
