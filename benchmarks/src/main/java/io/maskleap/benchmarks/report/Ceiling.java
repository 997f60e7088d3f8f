package io.maskleap.benchmarks.report;

import io.maskleap.benchmarks.subject.Work;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalDouble;

/**
 * The least time that work takes on a machine: its operations at the rate of the best matrix product of its dtype, or its bytes at the rate
 * of the copy that touches as many, whichever is longer. Source: Williams et al. 2009 (roofline).
 *
 * @param measured lines of products, and of copies, which have no operations
 */
public record Ceiling(List<Line> measured) {

    /** In microseconds; empty where the ceilings that it needs were not measured. */
    public OptionalDouble least(Work work, String dtype) {
        var operations = work.operations() == 0 ? OptionalDouble.of(0) : operations(work.operations(), dtype);
        var bytes = work.bytes() == 0 ? OptionalDouble.of(0) : bytes(work.bytes());
        return operations.isPresent() && bytes.isPresent() ? OptionalDouble.of(Math.max(operations.getAsDouble(), bytes.getAsDouble())) : OptionalDouble.empty();
    }

    private OptionalDouble operations(double operations, String dtype) {
        return measured.stream().filter(line -> !line.isBoundByMemory() && line.dtype().equals(dtype))
                .mapToDouble(line -> line.times().median() / line.work().operations()).min().stream().map(each -> each * operations).findFirst();
    }

    /** By the smallest copy that touches at least as many bytes, or else the largest. */
    private OptionalDouble bytes(double bytes) {
        var copies = measured.stream().filter(Line::isBoundByMemory).sorted(Comparator.comparingDouble(line -> line.work().bytes())).toList();
        if (copies.isEmpty()) {
            return OptionalDouble.empty();
        }
        var copy = copies.stream().filter(line -> line.work().bytes() >= bytes).findFirst().orElseGet(copies::getLast);
        return OptionalDouble.of(copy.times().median() / copy.work().bytes() * bytes);
    }

    /** The rate of the best matrix product of {@code dtype}, in GFLOP/s. */
    public OptionalDouble peak(String dtype) {
        return measured.stream().filter(line -> !line.isBoundByMemory() && line.dtype().equals(dtype)).mapToDouble(Line::rate).max();
    }
}
