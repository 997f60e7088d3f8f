package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import io.maskleap.StepView;
import java.io.PrintWriter;

/** Tells on stderr how far a generation is. */
interface Progress extends AutoCloseable {
    /** Tells nothing. */
    Progress NONE = new Progress() { };

    /** A bar where somebody watches, otherwise a line for each image. */
    static Progress of(long images, PrintWriter err) {
        var console = System.console();
        return console != null && console.isTerminal() ? new BarProgress(images) : new LineProgress(images, err);
    }

    /** A step is done. */
    default void step(StepView step) {
    }

    /** An image is done. */
    default void image(GeneratedImage image, long milliseconds) {
    }

    @Override
    default void close() {
    }
}
