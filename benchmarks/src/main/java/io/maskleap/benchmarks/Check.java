package io.maskleap.benchmarks;

import io.maskleap.Model;
import io.maskleap.error.MaskleapException;
import io.maskleap.weights.Json;
import java.util.Map;
import java.util.function.Consumer;

/** Something that a model on a device must stand, as a program: lines of JSON to standard output, and in the end a sentence to the other. */
@FunctionalInterface
interface Check {

    /**
     * What came of it.
     *
     * @param right whether all was as it must be
     * @param words a sentence with the numbers
     */
    record Verdict(boolean right, String words) {
    }

    /** Runs the check; {@code line} prints what it finds. */
    Verdict run(Model model, CheckOptions options, Consumer<Map<String, Object>> line);

    /**
     * Runs a check as its arguments say.
     *
     * @param name     of the program
     * @param defaults the numbers that it takes
     * @return the exit status: 0 all right, 1 not, 2 not understood
     */
    static int run(String name, Map<String, Integer> defaults, Check check, String... arguments) {
        CheckOptions options;
        try {
            options = CheckOptions.of(name, defaults, arguments);
        } catch (IllegalArgumentException e) {
            System.err.println(e.getMessage());
            return 2;
        }
        try (var model = Model.open(options.model(), options.device(), options.precision())) {
            var verdict = check.run(model, options, found -> System.out.println(Json.compact(found)));
            System.err.println(verdict.words());
            return verdict.right() ? 0 : 1;
        } catch (MaskleapException e) {
            System.err.println(e.getMessage());
            return 1;
        }
    }
}
