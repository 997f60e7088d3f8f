package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import java.io.PrintWriter;

/** A line for each image. */
final class LineProgress implements Progress {
    private final long images;
    private final PrintWriter err;
    private int done;

    LineProgress(long images, PrintWriter err) {
        this.images = images;
        this.err = err;
    }

    @Override
    public void image(GeneratedImage image, long milliseconds) {
        done++;
        err.println("image " + done + " of " + images + ": " + image.className() + ", seed " + image.seed() + ", " + milliseconds + " ms");
    }
}
