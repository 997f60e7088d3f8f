package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Text from files, decoded strictly: a replaced character in a tensor's name would make it another name. */
final class Utf8 {
    private static final char REPLACEMENT = '\uFFFD';

    private Utf8() {}

    /** @throws MaskleapException where {@code bytes} are not UTF-8, its sentence beginning with {@code origin} */
    static String decode(String origin, MemorySegment bytes) {
        var array = bytes.toArray(ValueLayout.JAVA_BYTE);
        // A decoder to a buffer would take four times the memory: a string first, then a look at what it may have replaced.
        var text = new String(array, StandardCharsets.UTF_8);
        if (text.indexOf(REPLACEMENT) >= 0 && !isUtf8(array)) {
            throw new MaskleapException(origin + ": holds text that is not UTF-8");
        }
        return text;
    }

    private static boolean isUtf8(byte[] bytes) {
        var decoder = StandardCharsets.UTF_8.newDecoder();
        var in = ByteBuffer.wrap(bytes);
        var out = CharBuffer.allocate(1 << 12);
        CoderResult result;
        do {
            result = decoder.decode(in, out.clear(), true);
        } while (result.isOverflow());
        return !result.isError();
    }

    /** The text of a whole file within {@link Limits#TEXT_FILE_BYTES}; errors as {@link MappedFile#open} and {@link #decode}. */
    static String read(Path path) {
        try (var file = MappedFile.open(path)) {
            var byteSize = file.bytes().byteSize();
            if (byteSize > Limits.TEXT_FILE_BYTES) {
                throw new MaskleapException(
                        "%s: is %d bytes, limit for text %d".formatted(path, byteSize, Limits.TEXT_FILE_BYTES));
            }
            return decode(path.toString(), file.bytes());
        }
    }
}
