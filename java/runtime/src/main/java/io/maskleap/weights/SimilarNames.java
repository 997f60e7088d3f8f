package io.maskleap.weights;

import java.util.Collection;
import java.util.Comparator;
import java.util.stream.Collectors;

/** Helps who asked for a name that is not there. */
final class SimilarNames {
    private static final int SHOWN = 3;

    private SimilarNames() {}

    /** The end of a sentence: the known names that share the most of their beginning and end with {@code wanted}. */
    static String hint(String wanted, Collection<String> known) {
        if (known.isEmpty()) {
            return " (there is none at all)";
        }
        return known.stream()
                .sorted(Comparator.comparingInt((String name) -> -likeness(wanted, name)).thenComparing(name -> name))
                .limit(SHOWN)
                .collect(Collectors.joining(", ", " (similar among " + known.size() + ": ", ")"));
    }

    private static int likeness(String a, String b) {
        var shorter = Math.min(a.length(), b.length());
        var prefix = 0;
        while (prefix < shorter && a.charAt(prefix) == b.charAt(prefix)) {
            prefix++;
        }
        var suffix = 0;
        while (prefix + suffix < shorter && a.charAt(a.length() - 1 - suffix) == b.charAt(b.length() - 1 - suffix)) {
            suffix++;
        }
        return prefix + suffix;
    }
}
