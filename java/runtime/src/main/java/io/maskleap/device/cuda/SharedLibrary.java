package io.maskleap.device.cuda;

import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;

/** A library that is loaded for as long as it is open; one that is never closed stays for the life of the process. */
final class SharedLibrary implements AutoCloseable {
    private final DynamicLoader loader;
    private final MemorySegment handle;

    SharedLibrary(DynamicLoader loader, MemorySegment handle) {
        this.loader = loader;
        this.handle = handle;
    }

    /** The file, as the loader found it. */
    Path path() {
        return loader.path(handle);
    }

    /** The function {@code name}, if the library has it. */
    Optional<MethodHandle> find(String name, FunctionDescriptor type) {
        return loader.symbol(handle, name).map(address -> NativeAccess.function(_ -> Optional.of(address), path(), name, type));
    }

    /**
     * The function {@code name}.
     *
     * @throws MaskleapException where the library does not have it
     */
    MethodHandle function(String name, FunctionDescriptor type) {
        return find(name, type).orElseThrow(
                () -> new MaskleapException(path() + " has no function " + name + ", so it is another library than its name says; reinstall it"));
    }

    @Override
    public void close() {
        loader.close(handle);
    }
}
