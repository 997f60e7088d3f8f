package io.maskleap.kernel;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** Opening of shared libraries and their functions through FFM, with errors that a user can act on. */
public final class NativeAccess {
    private static final Linker LINKER = Linker.nativeLinker();

    private NativeAccess() {
    }

    /**
     * Loads a shared library for as long as {@code arena} lives.
     *
     * @throws MaskleapException where the file is missing or cannot be loaded, or the JVM denies native access
     */
    public static SymbolLookup load(Path library, Arena arena) {
        if (!Files.isRegularFile(library)) {
            throw new MaskleapException("native library " + library + ": no such file; build it with build-native.sh");
        }
        try {
            return SymbolLookup.libraryLookup(library, arena);
        } catch (IllegalCallerException e) {
            throw denied(e);
        } catch (IllegalArgumentException e) {
            throw new MaskleapException("native library " + library + ": cannot be loaded (not a library of this platform, or one that it needs is missing)", e);
        }
    }

    /**
     * The function {@code name}.
     *
     * @throws MaskleapException where the library does not have it, or the JVM denies native access
     */
    public static MethodHandle function(SymbolLookup library, Path path, String name, FunctionDescriptor type, Linker.Option... options) {
        var address = library.find(name).orElseThrow(
                () -> new MaskleapException("native library " + path + ": has no function " + name + "; rebuild it against this version's header"));
        try {
            return LINKER.downcallHandle(address, type, options);
        } catch (IllegalCallerException e) {
            throw denied(e);
        }
    }

    private static MaskleapException denied(IllegalCallerException e) {
        var module = NativeAccess.class.getModule();
        return new MaskleapException("the JVM denies native access: start it with --enable-native-access="
                + (module.isNamed() ? module.getName() : "ALL-UNNAMED"), e);
    }

    /** What a {@code MethodHandle} threw: unchecked as it is. */
    public static RuntimeException rethrow(Throwable thrown) {
        if (thrown instanceof Error error) {
            throw error;
        }
        return thrown instanceof RuntimeException runtime ? runtime : new IllegalStateException(thrown);
    }
}
