package io.maskleap.device.cuda;

import io.maskleap.device.cuda.CudaLibrary.Family;
import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What a search found, and which of the files are used: those of the first place that has all libraries; where none has, each
 * family from the first place that has it whole in one folder.
 *
 * @param places all that were searched, in order
 * @param driver the driver's library, where the user names its folder; empty: the loader finds it
 * @param files  those to use; a library that is nowhere is missing
 */
record FoundLibraries(List<LibraryLocation> places, Optional<Path> driver, Map<CudaLibrary, Path> files) {
    /** The end of a sentence: what else there is to do. */
    static final String NAME_FOLDERS = "name the folders that have all of CUDA's libraries with -D" + CudaLibrarySearch.PATH_PROPERTY + "=DIRS";

    FoundLibraries(List<LibraryLocation> places, Optional<Path> driver) {
        this(List.copyOf(places), driver, choose(places));
    }

    private static Map<CudaLibrary, Path> choose(List<LibraryLocation> places) {
        for (var place : places) {
            var files = wholeFamilies(List.of(place));
            if (files.size() == CudaLibrary.values().length) {
                return files;
            }
        }
        var files = wholeFamilies(places);
        for (var library : CudaLibrary.values()) {
            places.stream().flatMap(place -> place.find(library).stream()).findFirst().ifPresent(file -> files.putIfAbsent(library, file));
        }
        return files;
    }

    private static Map<CudaLibrary, Path> wholeFamilies(List<LibraryLocation> places) {
        var files = new EnumMap<CudaLibrary, Path>(CudaLibrary.class);
        for (var family : Family.values()) {
            places.stream().flatMap(place -> place.whole(family).stream()).findFirst().ifPresent(files::putAll);
        }
        return files;
    }

    /** Whether every library has a file. */
    boolean isWhole() {
        return files.size() == CudaLibrary.values().length;
    }

    /**
     * Refuses what is no whole set.
     *
     * @throws MaskleapException where a library is missing, or those of a family are scattered over folders
     */
    void requireWhole() {
        var missing = Stream.of(CudaLibrary.values()).filter(library -> !files.containsKey(library)).toList();
        if (!missing.isEmpty()) {
            var families = Stream.of(Family.values()).filter(family -> missing.stream().anyMatch(library -> library.family == family)).toList();
            throw new MaskleapException("there is " + inWords(missing, families) + " " + where() + otherVersion(missing) + "; "
                    + Family.installation(families) + ", or " + NAME_FOLDERS);
        }
        for (var family : Family.values()) {
            requireOneFolder(family);
        }
    }

    private void requireOneFolder(Family family) {
        var first = files.get(family.members().getFirst());
        for (var library : family.members()) {
            var file = files.get(library);
            if (!file.getParent().equals(first.getParent())) {
                throw new MaskleapException(family.title + " is mixed: " + first + " has no " + library.soname + " beside it, that is " + file
                        + "; wanted all of " + family.title + " in one folder: " + Family.installation(List.of(family)) + " anew, or " + NAME_FOLDERS);
            }
        }
    }

    /** Such as {@code no cuBLAS (libcublas.so.13) and no cuDNN (libcudnn_ops.so.9, libcudnn_cnn.so.9)}. */
    private static String inWords(List<CudaLibrary> missing, List<Family> families) {
        return families.stream().map(family -> "no " + family.title + " (" + sonames(missing, family) + ")").collect(Collectors.joining(" and "));
    }

    private static String sonames(List<CudaLibrary> missing, Family family) {
        return missing.stream().filter(library -> library.family == family).map(library -> library.soname).collect(Collectors.joining(", "));
    }

    private String where() {
        return places.size() == 1
                ? "in " + places.getFirst().name()
                : "in the " + places.size() + " places where CUDA's libraries may be ('maskleap devices' lists them)";
    }

    /** Much the most frequent reason: a CUDA of another version. */
    private String otherVersion(List<CudaLibrary> missing) {
        return missing.stream().flatMap(library -> places.stream().flatMap(place -> place.findOther(library).stream())).findFirst()
                .map(file -> ", but another version: " + file).orElse("");
    }
}
