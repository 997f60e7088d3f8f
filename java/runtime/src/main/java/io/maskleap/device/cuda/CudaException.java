package io.maskleap.device.cuda;

import io.maskleap.error.DeviceException;

/** A call of the CUDA runtime, cuBLASLt or cuDNN failed: the sentence has its name, and the status by name and number. */
public final class CudaException extends DeviceException {
    private final int status;

    CudaException(int status, String sentence) {
        super(sentence);
        this.status = status;
    }

    /** The library's status. */
    public int status() {
        return status;
    }
}
