package io.maskleap.benchmarks.row;

import io.maskleap.benchmarks.subject.Ours;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Work;
import io.maskleap.kernel.Dtype;
import java.util.Optional;
import java.util.function.Function;

/**
 * What is measured, in one place: a computation at one shape.
 *
 * @param name of the computation and its shape; unique, and without commas, at which JMH splits parameters
 * @param pace how long it is timed
 * @param work what it has at least to do
 * @param ours how we compute it
 * @param peer how libtorch does, where that is compared
 */
public record Row(String name, Pace pace, Function<Dtype, Work> work, Ours ours, Optional<Peer> peer) {

    /** How long a row is timed: warm-up and measurement are iterations of so many seconds, or of one run where that takes longer. */
    public enum Pace {
        /** Up to a few milliseconds. */
        SHORT(3, 5, 0.4),
        /** Tenths of a second and more. */
        LONG(1, 3, 0.4);

        private final int warmups;
        private final int measurements;
        private final double seconds;

        Pace(int warmups, int measurements, double seconds) {
            this.warmups = warmups;
            this.measurements = measurements;
            this.seconds = seconds;
        }

        /** Iterations before the measurement. */
        public int warmups() {
            return warmups;
        }

        /** Iterations that count. */
        public int measurements() {
            return measurements;
        }

        /** Of an iteration. */
        public double seconds() {
            return seconds;
        }
    }

    static Row of(String name, Pace pace, Function<Dtype, Work> work, Ours ours, Peer peer) {
        return new Row(name, pace, work, ours, Optional.of(peer));
    }
}
