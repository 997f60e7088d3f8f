package io.maskleap.device.cuda;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStreamContract;

/** A stream of another GPU than the first: CUDA refuses work that is queued there while a thread's current GPU is another. */
class SecondGpuTest extends DeviceStreamContract {
    @Override
    protected DeviceContext open() {
        return CudaContext.emulated(1);
    }
}
