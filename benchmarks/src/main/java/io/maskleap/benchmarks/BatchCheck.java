package io.maskleap.benchmarks;

import io.maskleap.GeneratedImage;
import io.maskleap.Model;
import io.maskleap.Precision;
import io.maskleap.Request;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/**
 * Whether an image comes out the same in batches of any size. The same batch, painted again, must give every token again. In another batch
 * a library may round sums in another order; a token that is then drawn differently sends the rest of its image elsewhere, so few tokens
 * may differ in float32, and in bfloat16 they are only counted.
 */
final class BatchCheck {
    /** A part of all tokens: about one image of twenty. An image that others of its batch disturb differs nearly everywhere. */
    private static final double LIMIT = 0.05;

    private BatchCheck() {
    }

    /** Arguments as of {@link CheckOptions#of}; {@code --images N}: batches of 1, 2, 4, ... N; {@code --steps N} of each image. */
    public static void main(String[] arguments) {
        System.exit(Check.run("BatchCheck", Map.of("images", 8, "steps", 16), BatchCheck::run, arguments));
    }

    static Check.Verdict run(Model model, CheckOptions options, Consumer<Map<String, Object>> line) {
        int images = options.number("images");
        int steps = options.number("steps");
        var alone = codes(model, images, steps, 1);
        int again = differing(alone, codes(model, images, steps, 1));
        var batches = new LinkedHashMap<String, Object>();
        int most = 0;
        for (int size = 2; size <= images; size *= 2) {
            var batched = codes(model, images, steps, size);
            again += differing(batched, codes(model, images, steps, size));
            int differing = differing(alone, batched);
            batches.put(Integer.toString(size), differing);
            most = Math.max(most, differing);
        }
        int tokens = images * model.info().tokens();
        var verdict = verdict(model.precision(), tokens, again, most);
        var found = new LinkedHashMap<String, Object>();
        found.put("device", model.deviceDescription());
        found.put("dtype", model.precision().toString());
        found.put("images", images);
        found.put("tokens", tokens);
        found.put("differing_again", again);
        found.put("differing_by_batch", batches);
        found.put("right", verdict.right());
        line.accept(found);
        return verdict;
    }

    /**
     * @param tokens of all images
     * @param again  tokens that differ where the same batches are painted again
     * @param most   tokens that differ from those of images alone, in the size of batch where they are most
     */
    static Check.Verdict verdict(Precision precision, int tokens, int again, int most) {
        boolean bounded = precision == Precision.FLOAT32;
        boolean right = again == 0 && (!bounded || most <= LIMIT * tokens);
        return new Check.Verdict(right, "%s: of %d tokens in batches, at most %d differ from those alone (%s); painted again, %d differ (limit 0)"
                .formatted(precision, tokens, most, bounded ? "limit " + (int) (LIMIT * tokens) : "not limited", again));
    }

    /** The codes of images with seeds and classes that count up from 0, painted {@code size} at a time. */
    private static List<int[]> codes(Model model, int images, int steps, int size) {
        try (var session = model.newSession(size)) {
            var request = Request.ofClass(IntStream.range(0, images).map(k -> k % model.info().classes()).toArray()).seed(0).steps(steps);
            return session.generate(request).stream().map(GeneratedImage::codes).toList();
        }
    }

    /** Tokens at which the images differ. */
    static int differing(List<int[]> some, List<int[]> others) {
        return IntStream.range(0, some.size()).map(image -> differing(some.get(image), others.get(image))).sum();
    }

    private static int differing(int[] some, int[] others) {
        if (some.length != others.length) {
            throw new IllegalArgumentException(some.length + " tokens and " + others.length);
        }
        return (int) IntStream.range(0, some.length).filter(i -> some[i] != others[i]).count();
    }
}
