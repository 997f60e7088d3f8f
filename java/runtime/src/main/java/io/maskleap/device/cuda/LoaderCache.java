package io.maskleap.device.cuda;

import static java.nio.ByteOrder.LITTLE_ENDIAN;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The list of libraries that the dynamic loader keeps for its own places, {@code /etc/ld.so.cache}. Asking the loader itself
 * would load what it finds, and cuBLAS alone takes a tenth of a second.
 *
 * <p>Layout, as {@code ldconfig} of glibc 2.2 or later writes it, little-endian, all offsets from the magic: magic (20 bytes),
 * number of entries, bytes of text, 20 bytes of other things; per entry flags, offset of the soname, offset of the path, and 12
 * bytes of other things; text, each ended by a zero. Before the magic there may be a list in an older format.
 */
final class LoaderCache {
    private static final byte[] MAGIC = "glibc-ld.so.cache1.1".getBytes(StandardCharsets.US_ASCII);
    private static final int HEADER_BYTES = 48;
    private static final int ENTRY_BYTES = 24;
    private static final int X86_64_LIBRARY = 0x0303;

    private LoaderCache() {
    }

    /** The paths of the libraries for x86-64 in the order of the list; none where the file is missing or of another format. */
    static List<Path> paths(Path file) {
        try {
            var bytes = Files.readAllBytes(file);
            int start = indexOf(bytes, MAGIC);
            return start < 0 ? List.of() : paths(ByteBuffer.wrap(bytes, start, bytes.length - start).slice().order(LITTLE_ENDIAN));
        } catch (IOException | IndexOutOfBoundsException | InvalidPathException _) {
            return List.of();
        }
    }

    private static List<Path> paths(ByteBuffer list) {
        int count = list.getInt(MAGIC.length);
        var paths = new ArrayList<Path>();
        for (int i = 0; i < count; i++) {
            int entry = HEADER_BYTES + i * ENTRY_BYTES;
            if (list.getInt(entry) == X86_64_LIBRARY) {
                paths.add(Path.of(text(list, list.getInt(entry + 2 * Integer.BYTES))));
            }
        }
        return paths;
    }

    private static String text(ByteBuffer list, int start) {
        int end = start;
        while (list.get(end) != 0) {
            end++;
        }
        var bytes = new byte[end - start];
        list.get(start, bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        for (int i = 0; i + wanted.length <= bytes.length; i++) {
            if (Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        return -1;
    }
}
