package io.maskleap.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * A library that implements {@code native/include/maskleap.h}: the built-in one, or a researcher's own. It is opened by
 * path and refused where its ABI version or the size of one of its parameter structs differs from what Java writes.
 */
public final class KernelLibrary implements AutoCloseable {
    /** {@code LEAP_ABI_VERSION} of the header that these bindings were written for. */
    public static final int ABI_VERSION = 5;

    private final Path path;
    private final Arena arena;
    private final SymbolLookup symbols;
    private final MethodHandle lastError;

    private KernelLibrary(Path path, Arena arena) {
        this.path = path;
        this.arena = arena;
        this.symbols = NativeAccess.load(path, arena);
        this.lastError = function("leap_last_error", ADDRESS);
    }

    /**
     * Opens the library at {@code path}.
     *
     * @throws MaskleapException where it is missing, cannot be loaded, has another ABI, or was compiled for another machine
     */
    public static KernelLibrary open(Path path) {
        return open(path, true).orElseThrow();
    }

    /** As {@link #open}, but empty where this machine lacks what the library was compiled for. */
    public static Optional<KernelLibrary> openIfSupported(Path path) {
        return open(path, false);
    }

    private static Optional<KernelLibrary> open(Path path, boolean required) {
        var arena = Arena.ofShared();
        try {
            var library = new KernelLibrary(path, arena);
            library.requireSameAbi();
            if (library.isSupported()) {
                return Optional.of(library);
            }
            if (required) {
                throw new MaskleapException("native library " + path + ": " + library.lastError());
            }
            arena.close();
            return Optional.empty();
        } catch (RuntimeException | Error e) {
            arena.close();
            throw e;
        }
    }

    private void requireSameAbi() {
        int version;
        try {
            version = (int) function("leap_abi_version", JAVA_INT).invokeExact();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
        if (version != ABI_VERSION) {
            throw new MaskleapException("native library " + path + ": ABI version " + version + ", wanted " + ABI_VERSION
                    + "; rebuild it against this version's native/include/maskleap.h");
        }
        var structBytes = function("leap_struct_bytes", JAVA_LONG, JAVA_INT);
        for (var struct : ParameterStruct.values()) {
            long bytes;
            try {
                bytes = (long) structBytes.invokeExact(struct.ordinal());
            } catch (Throwable t) {
                throw NativeAccess.rethrow(t);
            }
            if (bytes != struct.bytes) {
                throw new MaskleapException("native library " + path + ": leap_" + struct.name().toLowerCase(Locale.ROOT) + " has " + bytes
                        + " bytes, wanted " + struct.bytes + "; rebuild it against this version's native/include/maskleap.h");
            }
        }
    }

    private boolean isSupported() {
        try {
            return (int) function("leap_is_supported", JAVA_INT).invokeExact() != 0;
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return NativeAccess.function(symbols, path, name, FunctionDescriptor.of(result, arguments));
    }

    /** The sentence of this thread's last failed call. */
    String lastError() {
        try {
            return text((MemorySegment) lastError.invokeExact());
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** What the library says of itself: device, compiler, instruction set. */
    public String info() {
        try {
            return text((MemorySegment) function("leap_library_info", ADDRESS).invokeExact());
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private static String text(MemorySegment address) {
        return address.reinterpret(Long.MAX_VALUE).getString(0);
    }

    public Path path() {
        return path;
    }

    /** Unloads the library; no call may be running or follow. */
    @Override
    public void close() {
        arena.close();
    }
}
