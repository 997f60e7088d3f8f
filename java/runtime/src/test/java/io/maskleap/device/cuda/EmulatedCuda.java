package io.maskleap.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.List;

/** What the stand-ins for CUDA's libraries offer beside CUDA: what was called, what is alive, and failures on demand. */
public final class EmulatedCuda {
    private static final long LOG_BYTES = 16 << 20;
    private static final Path PATH = HostEnvironment.emulatedLibraries().resolve(CudaLibrary.CUDART.soname);
    private static final SymbolLookup LIBRARY = NativeAccess.load(PATH, Arena.global());

    private static final MethodHandle RESET = function("emulated_reset", FunctionDescriptor.ofVoid());
    private static final MethodHandle FAIL = function("emulated_fail", FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_INT));
    private static final MethodHandle LOG = function("emulated_log", FunctionDescriptor.of(JAVA_LONG, ADDRESS, JAVA_LONG));
    private static final MethodHandle LIVE = function("emulated_live_objects", FunctionDescriptor.of(JAVA_LONG));
    private static final MethodHandle MEM_GET_INFO = function("cudaMemGetInfo", FunctionDescriptor.of(JAVA_INT, ADDRESS, ADDRESS));
    private static final MethodHandle SET_MEMORY = function("emulated_set_memory", FunctionDescriptor.ofVoid(JAVA_LONG));

    private EmulatedCuda() {
    }

    private static MethodHandle function(String name, FunctionDescriptor type) {
        return NativeAccess.function(LIBRARY, PATH, name, type);
    }

    /** Forgets calls and failures to come. */
    public static void reset() {
        try {
            RESET.invokeExact();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** The {@code nth} call of {@code function} from now, from 1, is to fail with {@code status}. */
    public static void fail(String function, long nth, int status) {
        try (var arena = Arena.ofConfined()) {
            FAIL.invokeExact(arena.allocateFrom(function), nth, status);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** The calls since {@link #reset}, in order; those into a stream that is captured end with {@code capturing}. */
    public static List<String> log() {
        try (var arena = Arena.ofConfined()) {
            var text = arena.allocate(LOG_BYTES);
            long bytes = (long) LOG.invokeExact(text, LOG_BYTES);
            return new String(text.asSlice(0, Math.min(bytes, LOG_BYTES)).toArray(java.lang.foreign.ValueLayout.JAVA_BYTE)).lines().toList();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Allocations, streams, events, graphs, handles and descriptors that are alive. */
    public static long liveObjects() {
        try {
            return (long) LIVE.invokeExact();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** How much memory each GPU has. */
    public static void setMemory(long bytes) {
        try {
            SET_MEMORY.invokeExact(bytes);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** How much of the first GPU's memory is free. */
    public static long freeBytes() {
        try (var arena = Arena.ofConfined()) {
            var free = arena.allocate(JAVA_LONG);
            int status = (int) MEM_GET_INFO.invokeExact(free, arena.allocate(JAVA_LONG));
            if (status != 0) {
                throw new IllegalStateException("cudaMemGetInfo: " + status);
            }
            return free.get(JAVA_LONG, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }
}
