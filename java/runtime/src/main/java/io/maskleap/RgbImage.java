package io.maskleap;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.AtomicFile;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Map;

/**
 * An image.
 *
 * @param rgb (height, width, 3) bytes, row-major
 */
public record RgbImage(int width, int height, byte[] rgb) {

    public RgbImage {
        if (width < 1 || height < 1 || rgb.length != 3L * width * height) {
            throw new IllegalArgumentException("image of " + width + " x " + height + " with " + rgb.length + " bytes, wanted " + 3L * width * height);
        }
    }

    /** A square image of (side, side, 3) bytes. */
    static RgbImage square(byte[] rgb) {
        int side = (int) Math.round(Math.sqrt(rgb.length / 3.0));
        return new RgbImage(side, side, rgb);
    }

    /**
     * Writes a PNG; {@code path} holds either the whole image or what it held before.
     *
     * @param text keywords and their texts, for the PNG's text chunks
     * @throws MaskleapException where the file cannot be written
     */
    public void writePng(Path path, Map<String, String> text) {
        var png = MemorySegment.ofArray(Png.encode(this, text));
        AtomicFile.write(path, out -> out.write(png));
    }
}
