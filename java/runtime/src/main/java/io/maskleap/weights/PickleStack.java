package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The stack that a pickle's opcodes work on: values, and marks that show where a container's items begin. */
final class PickleStack {
    private static final Object MARK = new Object();

    private final ByteReader in;
    private final List<Object> values = new ArrayList<>();

    /** @param in says where in the pickle an error is */
    PickleStack(ByteReader in) {
        this.in = in;
    }

    void push(Object value) {
        if (values.size() >= Limits.PICKLE_STACK) {
            throw in.error("nests deeper than " + Limits.PICKLE_STACK + " values");
        }
        values.add(value);
    }

    void pushMark() {
        push(MARK);
    }

    /** The newest value, which stays. */
    Object top() {
        if (values.isEmpty() || values.getLast() == MARK) {
            throw missing();
        }
        return values.getLast();
    }

    Object pop() {
        var value = top();
        values.removeLast();
        return value;
    }

    /** Drops the newest value or mark. */
    void drop() {
        if (values.isEmpty()) {
            throw missing();
        }
        values.removeLast();
    }

    /** The newest {@code count} values, in the order in which they were pushed. */
    List<Object> popLast(int count) {
        var last = new Object[count];
        for (var i = count - 1; i >= 0; i--) {
            last[i] = pop();
        }
        return Arrays.asList(last);
    }

    /** The values above the newest mark, in the order in which they were pushed; the mark goes too. */
    List<Object> popToMark() {
        var mark = values.lastIndexOf(MARK);
        if (mark < 0) {
            throw in.error("wants a mark that is not there");
        }
        var above = Arrays.asList(values.subList(mark + 1, values.size()).toArray());
        values.subList(mark, values.size()).clear();
        return above;
    }

    private MaskleapException missing() {
        return in.error("uses a value that is not there");
    }
}
