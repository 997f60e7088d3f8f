package io.maskleap.device.cuda;

import io.maskleap.device.cuda.CudaLibrary.Family;
import java.io.IOException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * A place where CUDA's libraries may be: one folder, or several that belong together.
 *
 * @param name  for people
 * @param files what is there of CUDA's libraries, in whatever version, in the order of search
 */
record LibraryLocation(String name, List<Path> files) {

    /** What is in {@code folders}, the first first; a folder that is not there or cannot be read has nothing. */
    static LibraryLocation of(String name, List<Path> folders) {
        var files = new ArrayList<Path>();
        folders.forEach(folder -> addFiles(folder, files));
        return new LibraryLocation(name, List.copyOf(files));
    }

    private static void addFiles(Path folder, List<Path> files) {
        try (var entries = Files.newDirectoryStream(folder, entry -> isCudaLibrary(entry) && Files.isRegularFile(entry))) {
            entries.forEach(files::add);
        } catch (IOException | DirectoryIteratorException _) {
            // Not there, or not ours to read: then there is nothing to load either.
        }
    }

    /** Whether this is the name of one of CUDA's libraries, in whatever version. */
    static boolean isCudaLibrary(Path file) {
        return CudaLibrary.isNamed(file.getFileName().toString());
    }

    /** The first file of {@code library}. */
    Optional<Path> find(CudaLibrary library) {
        return files.stream().filter(file -> file.endsWith(library.soname)).findFirst();
    }

    /** The first file of another version of {@code library}. */
    Optional<Path> findOther(CudaLibrary library) {
        return files.stream().filter(file -> library.isOtherVersion(file.getFileName().toString())).findFirst();
    }

    /** The members of {@code family} in the first folder that has them all; empty where none has. */
    Optional<Map<CudaLibrary, Path>> whole(Family family) {
        var folders = files.stream().map(Path::getParent).collect(Collectors.toCollection(LinkedHashSet::new));
        return folders.stream().map(folder -> members(family, folder)).filter(found -> found.size() == family.members().size()).findFirst();
    }

    private Map<CudaLibrary, Path> members(Family family, Path folder) {
        var found = new EnumMap<CudaLibrary, Path>(CudaLibrary.class);
        for (var library : family.members()) {
            var file = folder.resolve(library.soname);
            if (files.contains(file)) {
                found.put(library, file);
            }
        }
        return found;
    }

    /** What is there, in words: families that are whole by name, what else there is file by file. */
    List<String> contents() {
        var words = new ArrayList<String>();
        var names = files.stream().map(file -> file.getFileName().toString()).collect(Collectors.toCollection(LinkedHashSet::new));
        for (var family : Family.values()) {
            if (whole(family).isPresent()) {
                words.add(family.title);
                family.members().forEach(library -> names.remove(library.soname));
            }
        }
        words.addAll(names);
        return words;
    }
}
