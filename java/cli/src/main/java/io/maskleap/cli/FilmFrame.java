package io.maskleap.cli;

import io.maskleap.RgbImage;

/** One image of a film: what a step has fixed, grey where the image is still masked, over a bar that tells the step's kind. */
final class FilmFrame {
    /** What the bars mean. */
    static final String LEGEND = "orange bar: full step; blue bar: shortcut step; grey: still masked";

    static final int BAR_HEIGHT = 3;

    private static final int BAR_GAP = 1;

    private FilmFrame() {
    }

    /**
     * @param preview the image if all codes were fixed
     * @param codes   (tokens) the codes after the step, row-major on a square grid; -1 where still masked
     * @param full    whether the step was a full one
     */
    static RgbImage of(RgbImage preview, int[] codes, boolean full) {
        var canvas = new Canvas(preview.width(), preview.height() + BAR_GAP + BAR_HEIGHT);
        canvas.draw(preview, 0, 0, 1);
        int grid = (int) Math.sqrt(codes.length);
        int cell = preview.width() / grid;
        for (int i = 0; i < codes.length; i++) {
            if (codes[i] < 0) {
                canvas.fill(i % grid * cell, i / grid * cell, cell, cell, Color.GREY);
            }
        }
        canvas.fill(0, preview.height() + BAR_GAP, preview.width(), BAR_HEIGHT, full ? Color.ORANGE : Color.BLUE);
        return canvas.image();
    }
}
