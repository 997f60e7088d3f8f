package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Text from files, decoded strictly: a replaced character in a tensor's name would make it another name. */
final class Utf8 {
    private Utf8() {}

    /** @throws MaskleapException where {@code bytes} are not UTF-8, its sentence beginning with {@code origin} */
    static String decode(String origin, MemorySegment bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder()
                    .decode(ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE)))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MaskleapException(origin + ": holds text that is not UTF-8", e);
        }
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
