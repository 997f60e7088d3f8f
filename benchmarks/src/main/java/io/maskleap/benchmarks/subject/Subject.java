package io.maskleap.benchmarks.subject;

/** A computation with its operands at hand: verified once, then timed. One thread makes, uses and closes it. */
public interface Subject extends AutoCloseable {

    /** The work that is timed. */
    void run();

    /**
     * Runs it once and compares what it computes with a more exact computation.
     *
     * @return the largest error, as a part of the largest magnitude
     * @throws IllegalStateException where the error is more than its dtype explains; the sentence says where
     */
    double verify();

    @Override
    void close();
}
