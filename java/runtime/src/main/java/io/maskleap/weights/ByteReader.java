package io.maskleap.weights;

import io.maskleap.error.MaskleapException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Reads little-endian fields one after another, and never beyond the end. */
final class ByteReader {
    private final String origin;
    private final MemorySegment bytes;
    private long position;

    /** @param origin begins every error's sentence: the path, and the part of the file where it is not the whole */
    ByteReader(String origin, MemorySegment bytes) {
        this.origin = origin;
        this.bytes = bytes;
    }

    /** Goes to an offset that the file named. */
    ByteReader seek(long offset) {
        if (offset < 0 || offset > bytes.byteSize()) {
            throw new MaskleapException("%s: points to byte %s, but ends at byte %d"
                    .formatted(origin, Long.toUnsignedString(offset), bytes.byteSize()));
        }
        position = offset;
        return this;
    }

    long position() {
        return position;
    }

    int u1() {
        return Byte.toUnsignedInt(bytes.get(ValueLayout.JAVA_BYTE, advance(1)));
    }

    int u2() {
        return Short.toUnsignedInt(bytes.get(LittleEndian.SHORT, advance(2)));
    }

    int i4() {
        return bytes.get(LittleEndian.INT, advance(4));
    }

    long u4() {
        return Integer.toUnsignedLong(i4());
    }

    long i8() {
        return bytes.get(LittleEndian.LONG, advance(8));
    }

    /** The next {@code length} bytes, in place. */
    MemorySegment slice(long length) {
        return bytes.asSlice(advance(length), length);
    }

    /** The next {@code length} bytes as UTF-8 text. */
    String text(long length) {
        return Utf8.decode(origin, slice(length));
    }

    /** The UTF-8 text up to the next line feed, which is read too. */
    String line() {
        var end = position;
        while (end < bytes.byteSize() && bytes.get(ValueLayout.JAVA_BYTE, end) != '\n') {
            end++;
        }
        var line = text(end - position);
        skip(1);
        return line;
    }

    /** Reads the four bytes that begin {@code what}, or says that it is not there. */
    void requireSignature(int signature, String what) {
        if (i4() != signature) {
            throw error("wanted " + what + ": truncated or damaged");
        }
    }

    void skip(long length) {
        advance(length);
    }

    /** An error at the place that was read last. */
    MaskleapException error(String message) {
        return new MaskleapException("%s: byte %d: %s".formatted(origin, position, message));
    }

    private long advance(long length) {
        var start = position;
        if (length < 0 || length > bytes.byteSize() - start) {
            throw new MaskleapException("%s: ends at byte %d, wanted %s more from byte %d: truncated or damaged"
                    .formatted(origin, bytes.byteSize(), Long.toUnsignedString(length), start));
        }
        position += length;
        return start;
    }
}
