package io.maskleap;

import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;

/** PNG of 8-bit RGB with text chunks. Source: W3C Portable Network Graphics specification, third edition. */
final class Png {
    private static final byte[] SIGNATURE = {(byte) 0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
    private static final int BIT_DEPTH = 8;
    private static final int TRUECOLOUR = 2;
    private static final int FILTER_SUB = 1;
    private static final int BYTES_PER_PIXEL = 3;

    private Png() {
    }

    /** The file's bytes; {@code text} goes into iTXt chunks, keyword by keyword. */
    static byte[] encode(RgbImage image, Map<String, String> text) {
        var bytes = new ByteArrayOutputStream();
        try {
            bytes.write(SIGNATURE);
            chunk(bytes, "IHDR", header(image));
            for (var entry : text.entrySet()) {
                chunk(bytes, "iTXt", internationalText(entry.getKey(), entry.getValue()));
            }
            chunk(bytes, "IDAT", deflated(image));
            chunk(bytes, "IEND", new byte[0]);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    private static byte[] header(RgbImage image) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var data = new DataOutputStream(bytes);
        data.writeInt(image.width());
        data.writeInt(image.height());
        data.write(new byte[] {BIT_DEPTH, TRUECOLOUR, 0, 0, 0});
        return bytes.toByteArray();
    }

    /** Keyword, then: not compressed, no language, no translated keyword, UTF-8 text. */
    private static byte[] internationalText(String keyword, String text) throws IOException {
        var bytes = new ByteArrayOutputStream();
        bytes.write(keyword.getBytes(StandardCharsets.ISO_8859_1));
        bytes.write(new byte[] {0, 0, 0, 0, 0});
        bytes.write(text.getBytes(StandardCharsets.UTF_8));
        return bytes.toByteArray();
    }

    private static byte[] deflated(RgbImage image) throws IOException {
        var bytes = new ByteArrayOutputStream();
        var deflater = new Deflater();
        try (var deflate = new DeflaterOutputStream(bytes, deflater)) {
            int stride = image.width() * BYTES_PER_PIXEL;
            var line = new byte[1 + stride];
            line[0] = FILTER_SUB;
            for (int y = 0; y < image.height(); y++) {
                for (int i = 0; i < stride; i++) {
                    int left = i < BYTES_PER_PIXEL ? 0 : image.rgb()[y * stride + i - BYTES_PER_PIXEL];
                    line[1 + i] = (byte) (image.rgb()[y * stride + i] - left);
                }
                deflate.write(line);
            }
        } finally {
            deflater.end();
        }
        return bytes.toByteArray();
    }

    private static void chunk(OutputStream out, String type, byte[] content) throws IOException {
        var typeBytes = type.getBytes(StandardCharsets.US_ASCII);
        var crc = new CRC32();
        crc.update(typeBytes);
        crc.update(content);
        var data = new DataOutputStream(out);
        data.writeInt(content.length);
        data.write(typeBytes);
        data.write(content);
        data.writeInt((int) crc.getValue());
        data.flush();
    }
}
