package io.maskleap.cli;

import io.maskleap.RgbImage;
import io.maskleap.error.MaskleapException;
import java.util.List;

/** Many images of one size on one sheet. */
final class Sheet {
    /** White pixels between two images, and around all. */
    static final int GAP = 2;

    private Sheet() {
    }

    /**
     * @param width  of an image
     * @param height of an image
     * @throws MaskleapException where the sheet would be too large
     */
    static void requireFits(long columns, long rows, int width, int height, int scale) {
        Canvas.requireFits(GAP + columns * ((double) width * scale + GAP), GAP + rows * ((double) height * scale + GAP));
    }

    /** Rows from top to bottom, images from left to right, every pixel of theirs {@code scale} wide and high; all fit. */
    static RgbImage of(List<List<RgbImage>> rows, int scale) {
        var first = rows.getFirst().getFirst();
        int tileWidth = first.width() * scale + GAP;
        int tileHeight = first.height() * scale + GAP;
        int columns = rows.stream().mapToInt(List::size).max().orElseThrow();
        var canvas = new Canvas(GAP + columns * tileWidth, GAP + rows.size() * tileHeight);
        for (int row = 0; row < rows.size(); row++) {
            for (int column = 0; column < rows.get(row).size(); column++) {
                canvas.draw(rows.get(row).get(column), GAP + column * tileWidth, GAP + row * tileHeight, scale);
            }
        }
        return canvas.image();
    }
}
