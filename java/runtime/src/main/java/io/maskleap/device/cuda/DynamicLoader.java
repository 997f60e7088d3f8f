package io.maskleap.device.cuda;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.NativeAccess;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The system's dynamic loader. Java's own way to it tells neither why a library cannot be loaded nor which file a name was
 * found as, and both belong in a diagnosis.
 */
final class DynamicLoader {
    private static final int RTLD_LAZY = 1;
    private static final int RTLD_NOLOAD = 4;
    private static final int RTLD_DI_LINKMAP = 2;
    private static final long LINK_MAP_NAME = 8; // struct link_map { ElfW(Addr) l_addr; char* l_name; ... }

    private final MethodHandle dlopen = function("dlopen", ADDRESS, ADDRESS, JAVA_INT);
    private final MethodHandle dlsym = function("dlsym", ADDRESS, ADDRESS, ADDRESS);
    private final MethodHandle dlinfo = function("dlinfo", JAVA_INT, ADDRESS, JAVA_INT, ADDRESS);
    private final MethodHandle dlerror = function("dlerror", ADDRESS);
    private final MethodHandle dlclose = function("dlclose", JAVA_INT, ADDRESS);

    /** A library could not be loaded; the message is the loader's own. */
    static final class NotLoadedException extends Exception {
        private NotLoadedException(String reason) {
            super(reason);
        }
    }

    private static MethodHandle function(String name, MemoryLayout result, MemoryLayout... arguments) {
        return NativeAccess.function(Linker.nativeLinker().defaultLookup(), Path.of("libc"), name, FunctionDescriptor.of(result, arguments));
    }

    /**
     * Loads a library.
     *
     * @param name a file's path, or a soname, which the loader looks for in its own places
     */
    SharedLibrary open(String name) throws NotLoadedException {
        var handle = open(name, RTLD_LAZY);
        if (handle.equals(MemorySegment.NULL)) {
            throw new NotLoadedException(lastError());
        }
        return new SharedLibrary(this, handle);
    }

    /**
     * Makes sure that whoever needs {@code soname} from now on gets {@code file}, which is loaded.
     *
     * @throws MaskleapException where another file of this name was loaded before
     */
    void requireInUse(String soname, Path file) {
        var inUse = loaded(soname).orElseThrow(() -> new MaskleapException(file + " does not say that its name is " + soname + "; reinstall it"));
        if (!isSame(inUse, file)) {
            throw new MaskleapException("this process has loaded " + inUse + " before " + file
                    + ", and the first of a name serves all; start the CUDA device first, or " + FoundLibraries.NAME_FOLDERS);
        }
    }

    private static boolean isSame(Path one, Path other) {
        try {
            return Files.isSameFile(one, other);
        } catch (IOException _) {
            return false;
        }
    }

    /** The file that was loaded under the name {@code soname}; empty where none was. */
    Optional<Path> loaded(String soname) {
        var handle = open(soname, RTLD_LAZY | RTLD_NOLOAD);
        if (handle.equals(MemorySegment.NULL)) {
            return Optional.empty();
        }
        try (var library = new SharedLibrary(this, handle)) {
            return Optional.of(library.path());
        }
    }

    private MemorySegment open(String name, int mode) {
        try (var arena = Arena.ofConfined()) {
            return (MemorySegment) dlopen.invokeExact(arena.allocateFrom(name), mode);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Why the last call of this thread failed. */
    private String lastError() {
        try {
            return text((MemorySegment) dlerror.invokeExact());
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    Optional<MemorySegment> symbol(MemorySegment handle, String name) {
        try (var arena = Arena.ofConfined()) {
            var address = (MemorySegment) dlsym.invokeExact(handle, arena.allocateFrom(name));
            return address.equals(MemorySegment.NULL) ? Optional.empty() : Optional.of(address);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    Path path(MemorySegment handle) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(ADDRESS);
            int status = (int) dlinfo.invokeExact(handle, RTLD_DI_LINKMAP, out);
            assert status == 0 : "dlinfo: " + lastError();
            var linkMap = out.get(ADDRESS, 0).reinterpret(LINK_MAP_NAME + ADDRESS.byteSize());
            return Path.of(text(linkMap.get(ADDRESS, LINK_MAP_NAME)));
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    void close(MemorySegment handle) {
        try {
            int status = (int) dlclose.invokeExact(handle);
            assert status == 0 : "dlclose: " + lastError();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private static String text(MemorySegment address) {
        return address.reinterpret(Long.MAX_VALUE).getString(0);
    }
}
