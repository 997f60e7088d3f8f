package io.maskleap.benchmarks.report;

import io.maskleap.benchmarks.subject.Work;
import io.maskleap.weights.JsonObject;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * One measurement: a row by one library.
 *
 * @param row            its name
 * @param dtype          {@code f32} or {@code bf16}
 * @param by             the library
 * @param setting        how it was set up; empty where there is no choice
 * @param instructionSet as the library tells it; empty where it does not
 * @param times          how long it takes
 * @param work           what it has at least to do
 * @param error          the largest, as a part of the largest magnitude
 * @param least          microseconds that the work takes at the measured ceilings
 * @param ratio          how often this time fits into libtorch's best
 */
public record Line(String row, String dtype, int threads, String by, String setting, String instructionSet, TimeStatistics times, Work work, double error,
        OptionalDouble least, OptionalDouble ratio) {
    /** What libtorch's lines are by. */
    public static final String LIBTORCH = "libtorch";
    /** What lines of the built-in library are by. */
    public static final String MASKLEAP = "maskleap";

    private static final double PER_MICROSECOND_TO_GIGA = 1e-3;

    /** Whether memory is its bound: then its rate is bytes, else operations, in a second. */
    public boolean isBoundByMemory() {
        return work.operations() == 0;
    }

    /** Thousand millions of operations, or of bytes, in a second. */
    public double rate() {
        return (isBoundByMemory() ? work.bytes() : work.operations()) / times.median() * PER_MICROSECOND_TO_GIGA;
    }

    /** GFLOP/s or GB/s. */
    public String unit() {
        return isBoundByMemory() ? "GB/s" : "GFLOP/s";
    }

    /** The part of what the ceilings allow that it reaches. */
    public OptionalDouble ofPeak() {
        return least.isPresent() ? OptionalDouble.of(least.getAsDouble() / times.median()) : least;
    }

    /** The same with this instruction set. */
    public Line withInstructionSet(String other) {
        return new Line(row, dtype, threads, by, setting, other, times, work, error, least, ratio);
    }

    /** The same with what can be known only when all is measured. */
    Line compared(OptionalDouble newLeast, OptionalDouble newRatio) {
        return new Line(row, dtype, threads, by, setting, instructionSet, times, work, error, newLeast, newRatio);
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("row", row);
        json.put("dtype", dtype);
        json.put("threads", threads);
        json.put("by", by);
        json.put("setting", setting);
        json.put("instruction_set", instructionSet);
        json.putAll(times.toJson());
        json.put("operations", work.operations());
        json.put("bytes", work.bytes());
        json.put("rate", Numbers.significant(rate()));
        json.put("unit", unit());
        json.put("largest_error", Numbers.significant(error));
        least.ifPresent(value -> json.put("least_us_at_ceilings", Numbers.significant(value)));
        ratio.ifPresent(value -> json.put("against_libtorch", Numbers.significant(value)));
        return json;
    }

    static Line fromJson(JsonObject json) {
        return new Line(json.getString("row"), json.getString("dtype"), json.getInt("threads"), json.getString("by"), json.getString("setting"),
                json.getString("instruction_set"), TimeStatistics.fromJson(json), new Work(json.getDouble("operations"), json.getDouble("bytes")),
                json.getDouble("largest_error"), json.findDouble("least_us_at_ceilings"), json.findDouble("against_libtorch"));
    }
}
