/* device_properties.hpp: what tile choices ask of a device. Host code. */
#pragma once

#include "maskleap.h"

namespace leap {

struct DeviceProperties {
    int multiprocessors;
    int compute_capability;      // 80, 90, ...
    int max_shared_bytes;        // of one block, static and dynamic together
};

/* Of the calling thread's current device. LEAP_DEVICE_ERROR where there is none. */
leap_status device_properties(DeviceProperties& properties);

}  // namespace leap
