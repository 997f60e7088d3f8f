package io.maskleap.benchmarks.row;

import io.maskleap.benchmarks.row.Row.Pace;
import io.maskleap.benchmarks.subject.CopySubject;
import io.maskleap.benchmarks.subject.ProductSubject;
import io.maskleap.benchmarks.subject.Work;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * What bounds a computation on this machine, measured: the rate of oneDNN's best matrix product, and that of a copy of as many bytes.
 * (A roofline of Williams et al. 2009, with a roof for each amount of memory: small operands stay in caches, as small copies do.)
 */
public final class Ceilings {
    private static final String COPY = "copy ";
    private static final String COPY_UNIT = " MB";
    private static final Pattern COPY_NAME = Pattern.compile(COPY + "([0-9]{1,6})" + COPY_UNIT);
    private static final long MEGABYTE = 1_000_000;

    private static final List<Row> PRODUCTS = List.of(product(2050, 768, 3072), product(2050, 3072, 768), product(2048, 2048, 2048));

    private Ceilings() {
    }

    /** Matrix products, the best of which is the peak of a dtype. */
    public static List<Row> products() {
        return PRODUCTS;
    }

    /** The copy that bounds a computation that reads and writes {@code bytes} together: one of the next power of two megabytes. */
    public static Row copy(double bytes) {
        long megabytes = Math.max(1, Math.ceilDiv((long) bytes, MEGABYTE));
        return copyNamed(COPY + Long.highestOneBit(2 * megabytes - 1) + COPY_UNIT);
    }

    static Optional<Row> find(String name) {
        return Stream.concat(PRODUCTS.stream().filter(row -> row.name().equals(name)),
                Stream.of(name).filter(text -> COPY_NAME.matcher(text).matches()).map(Ceilings::copyNamed)).findFirst();
    }

    private static Row copyNamed(String name) {
        var matcher = COPY_NAME.matcher(name);
        if (!matcher.matches()) {
            throw new IllegalArgumentException("no copy: " + name);
        }
        long bytes = Long.parseLong(matcher.group(1)) * MEGABYTE;
        return new Row(name, Pace.SHORT, _ -> new Work(0, bytes), (_, threads, _) -> new CopySubject(bytes, threads), Optional.empty());
    }

    private static Row product(int M, int K, int N) {
        return new Row("product " + M + "x" + K + "x" + N, Pace.SHORT, _ -> new Work(2.0 * M * K * N, 0),
                (library, threads, dtype) -> new ProductSubject(M, K, N, library, threads, dtype), Optional.empty());
    }
}
