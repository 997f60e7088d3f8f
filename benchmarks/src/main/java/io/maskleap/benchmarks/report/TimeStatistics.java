package io.maskleap.benchmarks.report;

import io.maskleap.weights.JsonObject;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * How long a computation takes, in microseconds.
 *
 * @param median  of the runs that were timed
 * @param least   of them
 * @param p90     nine of ten take at most so long
 * @param samples how many were timed; 0 where it is composed of others
 */
public record TimeStatistics(double median, double least, double p90, long samples) {

    /** Of several rounds: the round whose median is the middle one (the faster of two), with all their samples. */
    public static TimeStatistics middle(List<TimeStatistics> rounds) {
        var sorted = rounds.stream().sorted(Comparator.comparingDouble(TimeStatistics::median)).toList();
        var middle = sorted.get((sorted.size() - 1) / 2);
        return new TimeStatistics(middle.median, sorted.stream().mapToDouble(TimeStatistics::least).min().orElseThrow(), middle.p90,
                sorted.stream().mapToLong(TimeStatistics::samples).sum());
    }

    /** The median. */
    @Override
    public String toString() {
        return Numbers.time(median);
    }

    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("median_us", Numbers.significant(median));
        json.put("least_us", Numbers.significant(least));
        json.put("p90_us", Numbers.significant(p90));
        json.put("samples", samples);
        return json;
    }

    static TimeStatistics fromJson(JsonObject json) {
        return new TimeStatistics(json.getDouble("median_us"), json.getDouble("least_us"), json.getDouble("p90_us"), json.getInt("samples"));
    }
}
