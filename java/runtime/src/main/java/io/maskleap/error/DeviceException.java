package io.maskleap.error;

/** A device failed while it worked, or has too little memory: what was queued on it is lost. */
public class DeviceException extends MaskleapException {

    public DeviceException(String sentence) {
        super(sentence);
    }
}
