package io.maskleap.cli;

import io.maskleap.error.MaskleapException;
import io.maskleap.error.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * Where files go, found to be writable before anything is generated.
 *
 * @param folder an existing folder, or one that {@link #make} is to make in an existing one
 * @param stem   the files' name without {@code .png}, where the user chose one
 */
record Destination(Path folder, Optional<String> stem) {
    private static final String PNG = ".png";
    private static final int LONGEST_CLASS = 60;

    /**
     * The destination that {@code --out} names: an existing folder, a file ending in .png, or a folder to be made in an
     * existing one. Null: the current folder.
     *
     * @throws MaskleapException where it is none of these, or the folder is not writable
     */
    static Destination of(Path out) {
        var destination = resolve(out == null ? Path.of("") : out);
        var existing = Files.isDirectory(destination.folder) ? destination.folder : parent(destination.folder);
        requireWritable(existing);
        return destination;
    }

    private static Destination resolve(Path out) {
        if (Files.isDirectory(out)) {
            return new Destination(out, Optional.empty());
        }
        var name = String.valueOf(out.getFileName());
        int dot = name.lastIndexOf('.');
        if (dot < 0) {
            if (Files.exists(out)) {
                throw new MaskleapException(out + ": is a file, wanted one ending in .png, or a folder");
            }
            requireFolder(out, parent(out));
            return new Destination(out, Optional.empty());
        }
        if (!name.substring(dot).equalsIgnoreCase(PNG)) {
            throw new MaskleapException(out + ": wanted a file ending in .png, or an existing folder");
        }
        requireFolder(out, parent(out));
        return new Destination(parent(out), Optional.of(name.substring(0, dot)));
    }

    private static Path parent(Path path) {
        return Optional.ofNullable(path.getParent()).orElse(Path.of(""));
    }

    private static void requireFolder(Path out, Path folder) {
        if (!Files.isDirectory(folder)) {
            throw new MaskleapException(out + ": there is no folder " + folder);
        }
    }

    /** Makes the folder where it is not there: once it is known that there will be something in it. */
    void make() {
        try {
            Files.createDirectories(folder);
        } catch (IOException e) {
            throw new MaskleapException(folder + ": cannot make this folder: " + Reason.of(e), e);
        }
    }

    /** Tries it: permissions alone do not tell for the administrator, nor for a full or read-only file system. */
    private static void requireWritable(Path folder) {
        try {
            Files.delete(Files.createTempFile(folder, ".maskleap", ".part"));
        } catch (IOException e) {
            throw new MaskleapException("cannot write to folder " + folder.toAbsolutePath() + ": " + Reason.of(e), e);
        }
    }

    /** The only file, or the one file of many images; {@code name} where the user chose none. */
    Path file(String name) {
        return folder.resolve(stem.orElse(name) + PNG);
    }

    /** File {@code index} of {@code count}: the chosen name with the number behind it, or {@code name}. */
    Path file(String name, int index, long count) {
        if (stem.isEmpty() || count == 1) {
            return file(name);
        }
        int digits = Long.toString(count - 1).length();
        return folder.resolve(stem.get() + String.format(Locale.ROOT, "-%0" + digits + "d", index) + PNG);
    }

    /**
     * The name {@code CLASS-ENDING}. The class's name may hold anything, slashes too, and may be long: only it is changed and
     * shortened, as the ending tells the files apart.
     */
    static String name(String className, String ending) {
        var plain = className.replaceAll("[^\\p{L}\\p{N}_-]+", "-");
        return plain.substring(0, Math.min(plain.length(), LONGEST_CLASS)) + "-" + ending;
    }
}
