package io.maskleap.device.cuda;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStreamContract;

class CudaStreamTest extends DeviceStreamContract {
    @Override
    protected DeviceContext open() {
        return CudaContext.emulated(0);
    }
}
