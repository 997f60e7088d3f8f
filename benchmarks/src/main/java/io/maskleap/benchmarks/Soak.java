package io.maskleap.benchmarks;

import io.maskleap.Model;
import io.maskleap.Request;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/**
 * Many images in a row, in several sessions at once, with batches of other sizes and sessions that come and go. An image that comes again
 * must be the same, and memory must not grow once every session has painted.
 */
final class Soak {
    private static final long MEGABYTE = 1 << 20;
    private static final long LIMIT_MEGABYTES = 64;
    private static final int BATCHES = 4;
    private static final int SEEDS = 3;

    private final Model model;
    private final int steps;
    private final Map<List<Integer>, int[]> firstCodes = new ConcurrentHashMap<>();
    private final AtomicInteger made = new AtomicInteger();
    private final AtomicInteger different = new AtomicInteger();

    private Soak(Model model, int steps) {
        this.model = model;
        this.steps = steps;
    }

    /** Arguments as of {@link CheckOptions#of}; {@code --images N} in all, {@code --sessions N} at once, {@code --steps N} of each image. */
    public static void main(String[] arguments) {
        System.exit(Check.run("Soak", Map.of("images", 200, "sessions", 4, "steps", 16), Soak::run, arguments));
    }

    static Check.Verdict run(Model model, CheckOptions options, Consumer<Map<String, Object>> line) {
        int sessions = options.number("sessions");
        var soak = new Soak(model, options.number("steps"));
        long start = System.nanoTime();
        var painters = new ArrayList<Painter>();
        for (int s = 0; s < sessions; s++) {
            painters.add(soak.new Painter(1 << s % BATCHES, (options.number("images") + s) / sessions));
        }
        atOnce(painters, Painter::once);
        var before = MemoryUse.now();
        atOnce(painters, Painter::toTheEnd);
        var after = MemoryUse.now();
        double seconds = (System.nanoTime() - start) / 1e9;

        var grown = new LinkedHashMap<String, Long>();
        grown.put("process", after.own() - before.own());
        after.gpu().ifPresent(gpu -> grown.put("GPU", gpu - before.gpu().orElse(0L)));
        var verdict = verdict(soak.made.get(), sessions, seconds, soak.different.get(), grown);
        var found = new LinkedHashMap<String, Object>();
        found.put("device", model.deviceDescription());
        found.put("dtype", model.precision().toString());
        found.put("images", soak.made.get());
        found.put("sessions", sessions);
        found.put("seconds", seconds);
        found.put("different", soak.different.get());
        found.put("own_bytes", List.of(before.own(), after.own()));
        after.gpu().ifPresent(gpu -> found.put("gpu_bytes", List.of(before.gpu().orElse(0L), gpu)));
        found.put("right", verdict.right());
        line.accept(found);
        return verdict;
    }

    /**
     * @param different images that were others when they came again
     * @param grown     bytes that each memory has grown by
     */
    static Check.Verdict verdict(int images, int sessions, double seconds, int different, Map<String, Long> grown) {
        boolean right = different == 0 && grown.values().stream().allMatch(bytes -> bytes <= LIMIT_MEGABYTES * MEGABYTE);
        var memory = new ArrayList<String>();
        grown.forEach((name, bytes) -> memory.add("%s %+d MiB".formatted(name, bytes / MEGABYTE)));
        return new Check.Verdict(right, "%d images in %d sessions, %.1f s; %d came out differently again (limit 0); memory: %s (limit %d)"
                .formatted(images, sessions, seconds, different, String.join(", ", memory), LIMIT_MEGABYTES));
    }

    private static void atOnce(List<Painter> painters, Consumer<Painter> work) {
        try (var threads = Executors.newFixedThreadPool(painters.size())) {
            for (var done : threads.invokeAll(painters.stream().<Callable<Void>>map(painter -> () -> {
                work.accept(painter);
                return null;
            }).toList())) {
                done.get();
            }
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException cause -> throw cause;
                case Error cause -> throw cause;
                default -> throw new IllegalStateException(e);
            }
        }
    }

    /** One caller: paints its share, batch by batch, each in a session of its own. */
    private final class Painter {
        private final int batch;
        private int left;
        private int requests;

        private Painter(int batch, int share) {
            this.batch = batch;
            left = share;
        }

        private void toTheEnd() {
            while (left > 0) {
                once();
            }
        }

        private void once() {
            int count = Math.min(batch, left);
            if (count == 0) {
                return;
            }
            int seed = requests++ % SEEDS * BATCHES * BATCHES;
            try (var session = model.newSession(count)) {
                for (var image : session.generate(Request.ofClass(seed % model.info().classes()).seed(seed).count(count).steps(steps))) {
                    var first = firstCodes.putIfAbsent(List.of(count, (int) image.seed()), image.codes());
                    different.addAndGet(first == null || Arrays.equals(first, image.codes()) ? 0 : 1);
                    made.incrementAndGet();
                }
            }
            left -= count;
        }
    }
}
