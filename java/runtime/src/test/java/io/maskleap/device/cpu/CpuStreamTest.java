package io.maskleap.device.cpu;

import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStreamContract;

class CpuStreamTest extends DeviceStreamContract {
    @Override
    protected DeviceContext open() {
        return new CpuContext(2);
    }
}
