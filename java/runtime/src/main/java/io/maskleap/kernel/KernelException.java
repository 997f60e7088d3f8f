package io.maskleap.kernel;

import io.maskleap.error.DeviceException;

/** A kernel refused its arguments, or its device failed: the library's own sentence. */
public final class KernelException extends DeviceException {
    private final int status;

    KernelException(int status, String sentence) {
        super(sentence);
        this.status = status;
    }

    /** The {@code leap_status}. */
    public int status() {
        return status;
    }
}
