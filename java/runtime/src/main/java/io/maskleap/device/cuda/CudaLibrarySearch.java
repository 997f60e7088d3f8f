package io.maskleap.device.cuda;

import io.maskleap.error.MaskleapException;
import java.io.File;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Where CUDA's libraries are looked for. Nothing is loaded: which file is used is a choice of ours, made before, as a library
 * that is loaded by its path also serves those that ask for its soname.
 *
 * <p>In this order: {@code LD_LIBRARY_PATH}; the loader's own places; toolkits; folders of distributions; pip's packages. Where
 * the property {@value #PATH_PROPERTY} names folders, only these.
 */
final class CudaLibrarySearch {
    /** Names the folders that have CUDA's libraries, separated as on a class path; {@code libcuda.so.1} counts there, too. */
    static final String PATH_PROPERTY = "maskleap.cuda.path";

    /** The driver's library: not searched for but by the loader, as it must be that of the running kernel's module. */
    static final String DRIVER = "libcuda.so.1";

    private static final String[] TOOLKIT_FOLDERS = {"lib64", "targets/x86_64-linux/lib", "lib"};
    private static final String PIP_FOLDERS = "lib/python3*/{site,dist}-packages/nvidia";

    private final HostEnvironment hostEnvironment;
    private final List<LibraryLocation> places = new ArrayList<>();
    private final Set<Path> toolkits = new HashSet<>();

    private CudaLibrarySearch(HostEnvironment hostEnvironment) {
        this.hostEnvironment = hostEnvironment;
    }

    /**
     * Looks for the libraries.
     *
     * @throws MaskleapException where {@value #PATH_PROPERTY} names a folder that is not there
     */
    static FoundLibraries search(HostEnvironment hostEnvironment) {
        return new CudaLibrarySearch(hostEnvironment).search();
    }

    private FoundLibraries search() {
        var named = hostEnvironment.property(PATH_PROPERTY);
        if (named.isPresent()) {
            return searchOnly(named.get());
        }
        addLibraryPath();
        addLoader();
        addToolkits();
        addPlace(hostEnvironment.system("/usr/lib/x86_64-linux-gnu"));
        addPlace(hostEnvironment.system("/usr/lib64"));
        addPipPackages();
        return new FoundLibraries(places, Optional.empty());
    }

    private FoundLibraries searchOnly(String named) {
        var folders = folders(named, File.pathSeparator);
        for (var folder : folders) {
            if (!Files.isDirectory(folder)) {
                throw new MaskleapException("-D" + PATH_PROPERTY + "=" + named + ": there is no folder " + folder);
            }
        }
        places.add(LibraryLocation.of("-D" + PATH_PROPERTY + "=" + named, folders));
        return new FoundLibraries(places, folders.stream().map(folder -> folder.resolve(DRIVER)).filter(Files::isRegularFile).findFirst());
    }

    private void addLibraryPath() {
        var path = hostEnvironment.variable("LD_LIBRARY_PATH");
        places.add(path.map(value -> LibraryLocation.of("LD_LIBRARY_PATH=" + value, folders(value, "[:;]"))).orElse(LibraryLocation.of("LD_LIBRARY_PATH (not set)", List.of())));
    }

    private void addLoader() {
        var cache = hostEnvironment.system("/etc/ld.so.cache");
        var files = LoaderCache.paths(cache).stream().filter(LibraryLocation::isCudaLibrary).map(file -> hostEnvironment.system(file.toString()))
                .filter(Files::isRegularFile).toList();
        places.add(new LibraryLocation(cache + " (the loader's places)", files));
    }

    private void addToolkits() {
        hostEnvironment.variable("CUDA_HOME").map(Path::of).ifPresent(this::addToolkit);
        hostEnvironment.variable("CUDA_PATH").map(Path::of).ifPresent(this::addToolkit);
        hostEnvironment.variable("CONDA_PREFIX").map(Path::of).ifPresent(this::addToolkit);
        addToolkit(hostEnvironment.system("/usr/local/cuda"));
        addMatches(hostEnvironment.system("/usr/local"), "cuda-13*", this::addToolkit);
    }

    /** The same toolkit often has several names: only the first counts. */
    private void addToolkit(Path toolkit) {
        if (toolkits.add(real(toolkit))) {
            places.add(LibraryLocation.of(toolkit.toString(), Stream.of(TOOLKIT_FOLDERS).map(toolkit::resolve).toList()));
        }
    }

    private void addPlace(Path folder) {
        places.add(LibraryLocation.of(folder.toString(), List.of(folder)));
    }

    private void addPipPackages() {
        hostEnvironment.variable("VIRTUAL_ENV").map(Path::of).ifPresent(this::addPipPackages);
        hostEnvironment.variable("CONDA_PREFIX").map(Path::of).ifPresent(this::addPipPackages);
        addPipPackages(hostEnvironment.home().resolve(".local"));
        addPipPackages(hostEnvironment.system("/usr/local"));
        addPipPackages(hostEnvironment.system("/usr"));
        addMatches(hostEnvironment.home().resolve(".pyenv/versions"), "*/" + PIP_FOLDERS, this::addNvidiaPackages);
    }

    private void addPipPackages(Path python) {
        addMatches(python, PIP_FOLDERS, this::addNvidiaPackages);
    }

    /** pip puts each of NVIDIA's packages into a folder of its own; what one Python has belongs together. */
    private void addNvidiaPackages(Path nvidia) {
        places.add(LibraryLocation.of(nvidia + "/*/lib", matches(nvidia, "*/lib")));
    }

    /** Adds what {@code pattern} matches below {@code base}; where nothing does, a place without files that says so. */
    private void addMatches(Path base, String pattern, Consumer<Path> add) {
        var found = matches(base, pattern);
        if (found.isEmpty()) {
            places.add(new LibraryLocation(base + "/" + pattern, List.of()));
        }
        found.forEach(add);
    }

    /** The paths below {@code base} that match; in each folder the last by name, often the newest, first. */
    private static List<Path> matches(Path base, String pattern) {
        var level = List.of(base);
        for (var name : pattern.split("/")) {
            level = level.stream().flatMap(folder -> entries(folder, name).stream()).toList();
        }
        return level;
    }

    private static List<Path> entries(Path folder, String name) {
        var found = new ArrayList<Path>();
        try (var entries = Files.newDirectoryStream(folder, name)) {
            entries.forEach(found::add);
        } catch (IOException | DirectoryIteratorException _) {
            return List.of(); // not there, or not ours to read
        }
        found.sort(Comparator.reverseOrder());
        return found;
    }

    private static List<Path> folders(String list, String separator) {
        return Stream.of(list.split(separator)).filter(folder -> !folder.isEmpty()).map(folder -> Path.of(folder).toAbsolutePath()).toList();
    }

    private static Path real(Path path) {
        try {
            return path.toRealPath();
        } catch (IOException _) {
            return path;
        }
    }
}
