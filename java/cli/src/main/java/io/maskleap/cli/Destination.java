package io.maskleap.cli;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where files go, found to be writable before anything is generated.
 *
 * @param folder an existing folder
 * @param stem   the files' name without {@code .png}, where the user chose one
 */
record Destination(Path folder, Optional<String> stem) {
    private static final String PNG = ".png";
    private static final int LONGEST_NAME = 60;

    /**
     * The destination that {@code --out} names: an existing folder, a file ending in .png, or a folder to be made in an
     * existing one. Null: the current folder.
     *
     * @throws MaskleapException where it is none of these, or the folder is not writable
     */
    static Destination of(Path out) {
        var destination = resolve(out == null ? Path.of("") : out);
        requireWritable(destination.folder);
        return destination;
    }

    private static Destination resolve(Path out) {
        if (Files.isDirectory(out)) {
            return new Destination(out, Optional.empty());
        }
        var name = String.valueOf(out.getFileName());
        int dot = name.lastIndexOf('.');
        if (dot < 0) {
            return new Destination(created(out), Optional.empty());
        }
        if (!name.substring(dot).equalsIgnoreCase(PNG)) {
            throw new MaskleapException(out + ": wanted a file ending in .png, or an existing folder");
        }
        var folder = Optional.ofNullable(out.getParent()).orElse(Path.of(""));
        if (!Files.isDirectory(folder)) {
            throw new MaskleapException(out + ": there is no folder " + folder);
        }
        return new Destination(folder, Optional.of(name.substring(0, dot)));
    }

    private static Path created(Path folder) {
        try {
            return Files.createDirectory(folder);
        } catch (NoSuchFileException e) {
            throw new MaskleapException(folder + ": there is no folder " + folder.getParent(), e);
        } catch (FileAlreadyExistsException e) {
            throw new MaskleapException(folder + ": is a file, wanted one ending in .png, or a folder", e);
        } catch (IOException e) {
            throw new MaskleapException(folder + ": cannot make this folder (" + e.getMessage() + ")", e);
        }
    }

    /** Tries it: permissions alone do not tell for the administrator, nor for a full or read-only file system. */
    private static void requireWritable(Path folder) {
        try {
            Files.delete(Files.createTempFile(folder, ".maskleap", ".part"));
        } catch (IOException e) {
            throw new MaskleapException("cannot write to folder " + folder.toAbsolutePath() + " (" + e.getClass().getSimpleName() + ")", e);
        }
    }

    /** The only file, or the one file of many images; {@code name} where the user chose none. */
    Path file(String name) {
        return folder.resolve(stem.orElse(fileName(name)) + PNG);
    }

    /** File {@code index} of {@code count}: the chosen name with the number behind it, or {@code name}. */
    Path file(String name, int index, long count) {
        if (stem.isEmpty() || count == 1) {
            return file(name);
        }
        int digits = Long.toString(count - 1).length();
        return folder.resolve(stem.get() + ("-%0" + digits + "d").formatted(index) + PNG);
    }

    /** Class names may hold anything, slashes too. */
    private static String fileName(String name) {
        var plain = name.replaceAll("[^\\p{L}\\p{N}_-]+", "-");
        return plain.substring(0, Math.min(plain.length(), LONGEST_NAME));
    }
}
