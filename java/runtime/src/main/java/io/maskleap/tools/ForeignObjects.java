package io.maskleap.tools;

import io.maskleap.weights.ForeignObject;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Finds what a checkpoint holds besides tensors and plain values. */
final class ForeignObjects {
    private ForeignObjects() {
    }

    /** The end of a sentence on the checkpoint with this tree; empty where it holds none. */
    static String describe(Object root) {
        var names = in(root);
        return names.isEmpty() ? "" : ", with Python objects that were not run: " + String.join(", ", names);
    }

    /** Each container is visited once, and nothing recurses: a hostile tree may contain itself, or be very deep. */
    private static Set<String> in(Object root) {
        var names = new TreeSet<String>();
        Set<Object> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        Deque<Object> open = new ArrayDeque<>();
        open.add(root);
        while (!open.isEmpty()) {
            switch (open.pop()) {
                case ForeignObject object -> names.add(object.toString());
                case Map<?, ?> map when seen.add(map) -> {
                    push(map.keySet(), open);
                    push(map.values(), open);
                }
                case Iterable<?> list when seen.add(list) -> push(list, open);
                default -> { }
            }
        }
        return names;
    }

    /** Pushes all but null, which a deque does not take. */
    private static void push(Iterable<?> values, Deque<Object> open) {
        for (var value : values) {
            if (value != null) {
                open.push(value);
            }
        }
    }
}
