package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import io.maskleap.StepView;
import java.nio.file.Path;
import java.util.List;

/** What becomes of the images, which come one after another. */
sealed interface Output permits ImageOutput, GridOutput, FilmOutput {
    /** Sees a step of the image that comes next. */
    default void step(StepView step) {
    }

    /** Takes an image; the file that it is in, or will be. */
    Path add(GeneratedImage image);

    /** Writes what was waiting for the last image. */
    default void finish() {
    }

    /** The files that were written, in order. */
    List<Path> files();
}
