package io.maskleap.cli;

import io.maskleap.RgbImage;
import io.maskleap.error.MaskleapException;
import java.util.Locale;

/** An image to paint on. */
final class Canvas {
    private static final int BYTES_PER_PIXEL = 3;
    private static final int MOST_PIXELS = (Integer.MAX_VALUE - 8) / BYTES_PER_PIXEL;

    private final int width;
    private final int height;
    private final byte[] rgb;

    /** A white canvas; its size is one that {@link #requireFits} lets pass. */
    Canvas(int width, int height) {
        this.width = width;
        this.height = height;
        rgb = new byte[width * height * BYTES_PER_PIXEL];
        fill(0, 0, width, height, Color.WHITE);
    }

    /** @throws MaskleapException where an image of this size is beyond what an array holds */
    static void requireFits(double width, double height) {
        if (width * height > MOST_PIXELS) {
            throw new MaskleapException(String.format(Locale.ROOT, "an image of %.0f x %.0f pixels is beyond the limit of %d in all; ask for fewer images "
                    + "or a smaller --scale", width, height, MOST_PIXELS));
        }
    }

    /** {@code image} with every pixel {@code scale} wide and high. */
    static RgbImage enlarged(RgbImage image, int scale) {
        if (scale == 1) {
            return image;
        }
        var canvas = new Canvas(image.width() * scale, image.height() * scale);
        canvas.draw(image, 0, 0, scale);
        return canvas.image();
    }

    /** Fills a rectangle. */
    void fill(int left, int top, int width, int height, Color color) {
        for (int y = top; y < top + height; y++) {
            for (int x = left; x < left + width; x++) {
                set(x, y, color.red(), color.green(), color.blue());
            }
        }
    }

    /** Draws {@code image}, every pixel {@code scale} wide and high. */
    void draw(RgbImage image, int left, int top, int scale) {
        var source = image.rgb();
        for (int y = 0; y < image.height() * scale; y++) {
            for (int x = 0; x < image.width() * scale; x++) {
                int i = (y / scale * image.width() + x / scale) * BYTES_PER_PIXEL;
                set(left + x, top + y, source[i], source[i + 1], source[i + 2]);
            }
        }
    }

    private void set(int x, int y, byte red, byte green, byte blue) {
        int i = (y * width + x) * BYTES_PER_PIXEL;
        rgb[i] = red;
        rgb[i + 1] = green;
        rgb[i + 2] = blue;
    }

    /** The image; the canvas must not be painted on after that. */
    RgbImage image() {
        return new RgbImage(width, height, rgb);
    }
}
