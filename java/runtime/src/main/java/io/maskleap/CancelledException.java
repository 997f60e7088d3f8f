package io.maskleap;

import io.maskleap.error.MaskleapException;

/** A generation was cancelled, or its session closed, before it was done. */
public final class CancelledException extends MaskleapException {
    CancelledException() {
        super("the generation was cancelled");
    }
}
