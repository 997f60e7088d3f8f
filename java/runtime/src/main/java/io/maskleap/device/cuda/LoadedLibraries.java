package io.maskleap.device.cuda;

import io.maskleap.device.cuda.CudaLibrary.Family;
import io.maskleap.device.cuda.DynamicLoader.NotLoadedException;
import io.maskleap.error.MaskleapException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** CUDA's libraries while they are loaded. */
final class LoadedLibraries implements AutoCloseable {
    /**
     * What cuDNN loads by name when it is needed. JavaCPP looks for these in folders of its own choice and loads what it finds:
     * those of another cuDNN would then take these names.
     */
    private static final List<String> CUDNN_COMPANIONS = List.of("libcudnn.so.9", "libcudnn_heuristic.so.9", "libcudnn_engines_precompiled.so.9",
            "libcudnn_engines_runtime_compiled.so.9");

    private final DynamicLoader loader;
    private final Map<CudaLibrary, Path> files;
    private final Map<CudaLibrary, SharedLibrary> libraries = new EnumMap<>(CudaLibrary.class);
    private final Map<CudaLibrary, String> failures = new EnumMap<>(CudaLibrary.class);
    private final List<SharedLibrary> companions = new ArrayList<>();

    /** Loads these files, as far as they can be loaded. */
    LoadedLibraries(DynamicLoader loader, Map<CudaLibrary, Path> files) {
        this.loader = loader;
        this.files = files;
        for (var library : CudaLibrary.values()) { // in the order in which they need each other
            if (files.containsKey(library)) {
                load(library, files.get(library));
            }
        }
    }

    private void load(CudaLibrary library, Path file) {
        try {
            libraries.put(library, loader.open(file.toString()));
        } catch (NotLoadedException e) {
            failures.put(library, e.getMessage());
        }
    }

    boolean has(CudaLibrary library) {
        return libraries.containsKey(library);
    }

    /** The file that was chosen for {@code library}. */
    Path file(CudaLibrary library) {
        return files.get(library);
    }

    /** A function of a library that is loaded, if the library has it. */
    Optional<MethodHandle> find(CudaLibrary library, String name, FunctionDescriptor type) {
        return libraries.get(library).find(name, type);
    }

    /**
     * A function of a library that is loaded.
     *
     * @throws MaskleapException where the library does not have it
     */
    MethodHandle function(CudaLibrary library, String name, FunctionDescriptor type) {
        return libraries.get(library).function(name, type);
    }

    /**
     * Makes sure that all could be loaded.
     *
     * @throws MaskleapException where one could not
     */
    void requireLoaded() {
        failures.forEach((library, reason) -> {
            throw new MaskleapException(files.get(library) + " cannot be loaded (" + reason + "); " + Family.installation(List.of(library.family))
                    + " anew, or " + FoundLibraries.NAME_FOLDERS);
        });
    }

    /**
     * Makes sure that whoever needs a library by its soname from now on gets this one.
     *
     * @throws MaskleapException where another was loaded before
     */
    void requireInUse() {
        files.forEach((library, file) -> loader.requireInUse(library.soname, file));
    }

    /** Loads those that the chosen cuDNN comes with and loads by name later. It does without one that is not there, and so do we. */
    void loadCompanions() {
        for (var name : companions.isEmpty() ? CUDNN_COMPANIONS : List.<String>of()) {
            try {
                companions.add(loader.open(files.get(CudaLibrary.CUDNN_GRAPH).resolveSibling(name).toString()));
            } catch (NotLoadedException _) {
                // cuDNN says so itself if it comes to need it.
            }
        }
    }

    /** Unloads them. */
    @Override
    public void close() {
        companions.reversed().forEach(SharedLibrary::close);
        companions.clear();
        List.copyOf(libraries.values()).reversed().forEach(SharedLibrary::close);
        libraries.clear();
    }
}
