package io.maskleap.cli;

import io.maskleap.ModelInfo;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options that say what is written, and where. */
final class OutputOptions {
    /** Pixels to which an image is brought on a grid. */
    private static final int GRID_IMAGE_SIZE = 128;

    @ArgGroup(exclusive = true)
    private Layout layout = new Layout();

    private static final class Layout {
        @Option(names = "--grid", description = "All images on one sheet: a row for each class, or as square as can be.")
        private boolean grid;

        @Option(names = "--film", description = "A sheet that shows the images forming: a row for each image, a column for each step.")
        private boolean film;
    }

    @Option(names = "--out", paramLabel = "FILE.png|DIR",
            description = "Where to write: a file (of several images FILE-0.png, FILE-1.png and so on) or a folder "
                    + "(CLASS-SEED.png in it; it is made if need be). Default: the current folder.")
    private Path out;

    @Option(names = "--scale", paramLabel = "K", converter = PositiveInteger.class,
            description = "Make every pixel K wide and high. Default: 1; on a grid, what brings an image to 128 pixels.")
    private Integer scale;

    /** Where to write, found to be writable. */
    Destination destination() {
        return Destination.of(out);
    }

    /** What to do with {@code count} images of each of the classes {@code labels}, the first of which has seed {@code seed}. */
    Output output(Destination destination, ModelInfo model, int[] labels, int count, long seed) {
        long images = (long) labels.length * count;
        int size = model.imageSize();
        var ending = (layout.grid ? "grid-" : "film-") + seed;
        var sheetName = labels.length == 1 ? Destination.name(model.className(labels[0]), ending) : ending;
        if (layout.grid) {
            int gridScale = Objects.requireNonNullElse(scale, Math.ceilDiv(GRID_IMAGE_SIZE, size));
            int columns = GridOutput.columns(labels.length, count);
            Sheet.requireFits(columns, Math.ceilDiv(images, columns), size, size, gridScale);
            return new GridOutput(destination, sheetName, columns, gridScale);
        }
        int plainScale = Objects.requireNonNullElse(scale, 1);
        Canvas.requireFits((double) size * plainScale, (double) size * plainScale);
        return layout.film
                ? new FilmOutput(destination, sheetName, images, plainScale)
                : new ImageOutput(destination, images, plainScale);
    }

    /** What the colours mean that we add. */
    Optional<String> legend() {
        return layout.film ? Optional.of(FilmFrame.LEGEND) : Optional.empty();
    }
}
