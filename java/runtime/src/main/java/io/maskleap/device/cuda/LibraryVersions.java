package io.maskleap.device.cuda;

import static io.maskleap.device.cuda.CudaLibrary.CUBLAS;
import static io.maskleap.device.cuda.CudaLibrary.CUBLAS_LT;
import static io.maskleap.device.cuda.CudaLibrary.CUDART;
import static io.maskleap.device.cuda.CudaLibrary.CUDNN_ADV;
import static io.maskleap.device.cuda.CudaLibrary.CUDNN_CNN;
import static io.maskleap.device.cuda.CudaLibrary.CUDNN_GRAPH;
import static io.maskleap.device.cuda.CudaLibrary.CUDNN_OPS;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.maskleap.device.cuda.CudaLibrary.Family;
import io.maskleap.error.MaskleapException;
import io.maskleap.kernel.NativeAccess;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** What CUDA's libraries say of their versions, and which versions go together. None of the calls needs a driver. */
final class LibraryVersions {
    /** Of the presets. Any minor version will do: sonames promise as much, and we call nothing that CUDA 13.0 or cuDNN 9.0 lacks. */
    private static final int CUDA_MAJOR = 13;
    private static final int CUDNN_MAJOR = 9;

    private final LoadedLibraries libraries;

    LibraryVersions(LoadedLibraries libraries) {
        this.libraries = libraries;
    }

    /**
     * The version of {@code library}; empty where it is not loaded or does not tell. Of cuDNN's libraries only the first has a
     * number: the others say whether they are of the same.
     *
     * @throws MaskleapException where it is not the library that it should be
     */
    Optional<Version> of(CudaLibrary library) {
        if (!libraries.has(library)) {
            return Optional.empty();
        }
        return switch (library) {
            case CUDART -> Optional.of(Version.ofCuda(runtimeNumber()));
            case CUBLAS_LT -> Optional.of(Version.ofCublas(number(libraries.function(CUBLAS_LT, "cublasLtGetVersion", FunctionDescriptor.of(JAVA_LONG)))));
            case CUBLAS -> cublas();
            case CUDNN_GRAPH -> Optional.of(Version.ofCudnn(number(libraries.function(CUDNN_GRAPH, "cudnnGetVersion", FunctionDescriptor.of(JAVA_LONG)))));
            case CUDNN_OPS, CUDNN_CNN, CUDNN_ADV -> isOfSameCudnn(library).filter(same -> same).flatMap(_ -> of(CUDNN_GRAPH));
        };
    }

    private int runtimeNumber() {
        var function = libraries.function(CUDART, "cudaRuntimeGetVersion", FunctionDescriptor.of(JAVA_INT, ADDRESS));
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_INT);
            int status = (int) function.invokeExact(out);
            if (status != 0) {
                throw new MaskleapException(libraries.file(CUDART) + " does not tell its version (cudaRuntimeGetVersion returned " + status + "); "
                        + Family.installation(List.of(Family.RUNTIME)) + " anew");
            }
            return out.get(JAVA_INT, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    private static long number(MethodHandle function) {
        try {
            return (long) function.invokeExact();
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Part by part: the function that tells the whole number wants a handle, and so a GPU. */
    private Optional<Version> cublas() {
        return libraries.find(CUBLAS, "cublasGetProperty", FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS))
                .map(function -> new Version(part(function, 0), part(function, 1), part(function, 2)));
    }

    private static int part(MethodHandle getProperty, int part) {
        try (var arena = Arena.ofConfined()) {
            var out = arena.allocate(JAVA_INT);
            int status = (int) getProperty.invokeExact(part, out);
            assert status == 0 : "cublasGetProperty returned " + status;
            return out.get(JAVA_INT, 0);
        } catch (Throwable t) {
            throw NativeAccess.rethrow(t);
        }
    }

    /** Whether one of cuDNN's libraries is of the first one's version; empty where it does not tell. */
    private Optional<Boolean> isOfSameCudnn(CudaLibrary library) {
        var name = switch (library) {
            case CUDNN_OPS -> "cudnnOpsVersionCheck";
            case CUDNN_CNN -> "cudnnCnnVersionCheck";
            case CUDNN_ADV -> "cudnnAdvVersionCheck";
            default -> throw new IllegalArgumentException(library.toString());
        };
        return libraries.find(library, name, FunctionDescriptor.of(JAVA_INT)).map(function -> {
            try {
                return (int) function.invokeExact() == 0;
            } catch (Throwable t) {
                throw NativeAccess.rethrow(t);
            }
        });
    }

    /**
     * Refuses what does not go with the presets, which are of CUDA 13 and cuDNN 9, or not with each other.
     *
     * @throws MaskleapException where a version does not fit
     */
    void requireFitting() {
        var runtime = of(CUDART).orElseThrow();
        var cublas = of(CUBLAS_LT).orElseThrow();
        if (runtime.major() != cublas.major()) {
            throw mixed(CUDART, runtime, CUBLAS_LT, cublas);
        }
        of(CUBLAS).filter(version -> !version.equals(cublas)).ifPresent(version -> {
            throw mixed(CUBLAS_LT, cublas, CUBLAS, version);
        });
        requireMajor(CUDART, runtime, CUDA_MAJOR);
        requireMajor(CUBLAS_LT, cublas, CUDA_MAJOR);
        requireMajor(CUDNN_GRAPH, of(CUDNN_GRAPH).orElseThrow(), CUDNN_MAJOR);
        requireCudnnForCuda();
        List.of(CUDNN_OPS, CUDNN_CNN, CUDNN_ADV).forEach(this::requireSameCudnn);
    }

    private void requireMajor(CudaLibrary library, Version version, int major) {
        if (version.major() != major) {
            throw refused(libraries.file(library) + " is of version " + version + ", wanted " + major + ".0 or a later " + major, library.family);
        }
    }

    /** cuDNN 9 comes for several versions of CUDA under the same names, and loads the cuBLAS of that for which it was built. */
    private void requireCudnnForCuda() {
        libraries.find(CUDNN_GRAPH, "cudnnGetCudartVersion", FunctionDescriptor.of(JAVA_LONG)).ifPresent(function -> {
            var cuda = Version.ofCuda(number(function));
            if (cuda.major() != CUDA_MAJOR) {
                throw refused(libraries.file(CUDNN_GRAPH) + " is cuDNN " + of(CUDNN_GRAPH).orElseThrow() + " for CUDA " + cuda + ", wanted cuDNN for CUDA "
                        + CUDA_MAJOR, Family.CUDNN);
            }
        });
    }

    private void requireSameCudnn(CudaLibrary library) {
        if (!isOfSameCudnn(library).orElse(true)) {
            throw refused("cuDNN is mixed: " + libraries.file(library) + " is not of version " + of(CUDNN_GRAPH).orElseThrow() + ", as "
                    + libraries.file(CUDNN_GRAPH) + " is", Family.CUDNN);
        }
    }

    private MaskleapException mixed(CudaLibrary first, Version firstVersion, CudaLibrary second, Version secondVersion) {
        return refused("CUDA is mixed: " + libraries.file(first) + " is of version " + firstVersion + ", " + libraries.file(second) + " of version "
                + secondVersion, first.family, second.family);
    }

    private static MaskleapException refused(String why, Family... families) {
        return new MaskleapException(why + "; " + Family.installation(Stream.of(families).distinct().toList()) + ", or " + FoundLibraries.NAME_FOLDERS);
    }
}
