package io.maskleap;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;

/** The bytes of a small ZIP archive, to make it lie or to make it honest again after a change. */
public final class ZipBytes {
    public static final int LOCAL_METHOD = 8;
    public static final int LOCAL_CRC = 14;
    public static final int LOCAL_STORED_SIZE = 18;
    public static final int LOCAL_SIZE = 22;
    public static final int LOCAL_NAME = 30;
    public static final int CENTRAL_FLAGS = 8;
    public static final int CENTRAL_METHOD = 10;
    public static final int CENTRAL_CRC = 16;
    public static final int CENTRAL_STORED_SIZE = 20;
    public static final int CENTRAL_SIZE = 24;
    public static final int CENTRAL_LOCAL = 42;
    public static final int END_COUNT = 10;
    public static final int END_DIRECTORY_BYTES = 12;
    public static final int END_DIRECTORY = 16;

    private static final int CENTRAL_HEADER = 0x02014b50;
    private static final int END = 0x06054b50;
    private static final int DESCRIPTOR = 0x08074b50;
    private static final int CENTRAL_BYTES = 46;

    private final ByteBuffer bytes;

    public ZipBytes(byte[] archive) {
        bytes = ByteBuffer.wrap(archive).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Where the entry's header in the directory is. */
    public int central(String name) {
        var header = bytes.getInt(end() + END_DIRECTORY);
        while (bytes.getInt(header) == CENTRAL_HEADER) {
            if (name.equals(text(header + CENTRAL_BYTES, u2(header + 28)))) {
                return header;
            }
            header = nextCentral(header);
        }
        throw new IllegalArgumentException("no entry " + name);
    }

    /** Where the entry's own header is. */
    public int local(String name) {
        return bytes.getInt(central(name) + CENTRAL_LOCAL);
    }

    /** Where the entry's data are. */
    public int data(String name) {
        return data(local(name));
    }

    /** Where the end record of an archive without a comment is. */
    public int end() {
        var end = bytes.capacity() - 22;
        if (bytes.getInt(end) != END) {
            throw new IllegalArgumentException("no end record");
        }
        return end;
    }

    /** Writes a little-endian number of {@code byteCount} bytes. */
    public ZipBytes set(int offset, int byteCount, long value) {
        for (var i = 0; i < byteCount; i++) {
            bytes.put(offset + i, (byte) (value >> 8 * i));
        }
        return this;
    }

    /** Makes the checksum of every entry that has one in its place fit its data; what is not an archive stays as it is. */
    public ZipBytes repairChecksums() {
        try {
            var header = bytes.getInt(end() + END_DIRECTORY);
            while (header <= bytes.capacity() - CENTRAL_BYTES && bytes.getInt(header) == CENTRAL_HEADER) {
                repairChecksum(header);
                header = nextCentral(header);
            }
        } catch (IndexOutOfBoundsException | IllegalArgumentException _) {
            // Too damaged to find the rest.
        }
        return this;
    }

    private void repairChecksum(int central) {
        var local = bytes.getInt(central + CENTRAL_LOCAL);
        var size = bytes.getInt(central + CENTRAL_SIZE);
        var data = data(local);
        var crc = new CRC32();
        crc.update(bytes.array(), data, size);
        bytes.putInt(central + CENTRAL_CRC, (int) crc.getValue());
        if (bytes.getInt(local + LOCAL_CRC) != 0) {
            bytes.putInt(local + LOCAL_CRC, (int) crc.getValue());
        } else if (bytes.getInt(data + size) == DESCRIPTOR) {
            bytes.putInt(data + size + 4, (int) crc.getValue());
        }
    }

    public byte[] array() {
        return bytes.array();
    }

    private int data(int local) {
        return local + LOCAL_NAME + u2(local + 26) + u2(local + 28);
    }

    private int nextCentral(int header) {
        return header + CENTRAL_BYTES + u2(header + 28) + u2(header + 30) + u2(header + 32);
    }

    private int u2(int offset) {
        return Short.toUnsignedInt(bytes.getShort(offset));
    }

    private String text(int offset, int length) {
        return new String(bytes.array(), offset, length, StandardCharsets.UTF_8);
    }
}
