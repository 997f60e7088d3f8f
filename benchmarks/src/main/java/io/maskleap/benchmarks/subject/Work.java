package io.maskleap.benchmarks.subject;

/**
 * What a computation has at least to do.
 *
 * @param operations floating-point operations of its products; 0 where memory alone is the bound
 * @param bytes      read and written, each once; 0 where operations alone are the bound
 */
public record Work(double operations, double bytes) {

    /** This, and {@code times} {@code other}. */
    public Work plus(Work other, double times) {
        return new Work(operations + times * other.operations, bytes + times * other.bytes);
    }
}
