package io.maskleap.benchmarks;

import io.maskleap.Device;
import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.Session;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * Whether a session takes the memory that it announces. Sessions are opened beside others that have painted, so that what all of them share is there
 * already, paint until every step is recorded, and stay open. A session should be large: less than 32 MiB the C library may serve from what was
 * freed before.
 */
final class SessionMemory {
    private static final double LIMIT = 0.1;
    private static final double MEGABYTE = 1 << 20;

    /** Sessions that do not count: in the first libraries and the JVM take what they keep, and the JVM some more when it first collects its garbage. */
    private static final int ACCUSTOMING = 2;

    /** As it is, recorded, repeated. */
    private static final int GENERATIONS = 3;

    private SessionMemory() {
    }

    /** Arguments as of {@link CheckOptions#of}; {@code --images N} at once in a session, {@code --sessions N}, {@code --steps N} of each image. */
    public static void main(String[] arguments) {
        System.exit(Check.run("SessionMemory", Map.of("images", 8, "sessions", 3, "steps", 16), SessionMemory::run, arguments));
    }

    static Check.Verdict run(Model model, CheckOptions options, Consumer<Map<String, Object>> line) {
        int images = options.number("images");
        int sessions = options.number("sessions");
        var request = Request.ofClass(0).count(images).steps(options.number("steps"));
        var open = new ArrayList<Session>();
        try {
            long before = 0;
            for (int s = 0; s < ACCUSTOMING; s++) {
                open.add(painted(model, request, images));
                before = used(options.device());
            }
            for (int s = 0; s < sessions; s++) {
                open.add(painted(model, request, images));
            }
            long each = (used(options.device()) - before) / sessions;
            long announced = model.sessionBytes(images);
            var verdict = verdict(images, announced, each);
            var found = new LinkedHashMap<String, Object>();
            found.put("device", model.deviceDescription());
            found.put("dtype", model.precision().toString());
            found.put("images", images);
            found.put("announced_bytes", announced);
            found.put("session_bytes", each);
            found.put("right", verdict.right());
            line.accept(found);
            return verdict;
        } finally {
            List.copyOf(open).forEach(Session::close);
        }
    }

    private static Session painted(Model model, Request request, int images) {
        var session = model.newSession(images);
        for (int i = 0; i < GENERATIONS; i++) {
            session.generate(request);
        }
        return session;
    }

    private static long used(Device device) {
        var use = MemoryUse.now();
        return device instanceof Device.Cuda ? use.gpu().orElseThrow(() -> new IllegalStateException("nvidia-smi does not tell the GPU's memory"))
                : use.own();
    }

    /** @param each bytes that a session has taken */
    static Check.Verdict verdict(int images, long announced, long each) {
        boolean right = Math.abs(each - announced) <= LIMIT * announced;
        return new Check.Verdict(right, "a session of %d images takes %.1f MiB and announces %.1f (limit %.0f %% of it)"
                .formatted(images, each / MEGABYTE, announced / MEGABYTE, LIMIT * 100));
    }
}
