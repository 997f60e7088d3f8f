package io.maskleap.kernel;

/** A call of a native function with its arguments, and what turns its status into an exception. */
@FunctionalInterface
public interface NativeCall {

    /** Calls. */
    void make() throws Throwable;
}
