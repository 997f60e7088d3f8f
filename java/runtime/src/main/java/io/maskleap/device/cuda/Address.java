package io.maskleap.device.cuda;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Pointer;

/** A segment's address as the presets take it; it owns nothing. */
final class Address extends Pointer {

    Address(MemorySegment segment) {
        super((Pointer) null);
        address = segment.address();
    }
}
