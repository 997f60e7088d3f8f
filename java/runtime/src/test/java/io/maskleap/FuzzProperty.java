package io.maskleap;

import io.maskleap.error.MaskleapException;

/** What holds for any input: it can be read, or one sentence says why not. */
public final class FuzzProperty {

    private FuzzProperty() {
    }

    /** Runs {@code reading}; everything that it throws but a sentence is a finding. */
    public static void check(Runnable reading) {
        try {
            reading.run();
        } catch (MaskleapException e) {
            var message = e.getMessage();
            if (message.isBlank() || message.lines().count() != 1 || message.length() > 10_000) {
                throw new AssertionError("not a sentence: " + message, e);
            }
        }
    }
}
