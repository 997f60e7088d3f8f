package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import io.maskleap.RgbImage;
import io.maskleap.StepView;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A sheet that shows the images forming: a row for each image, a column for each step. */
final class FilmOutput implements Output {
    private final Destination destination;
    private final Path file;
    private final long images;
    private final int scale;
    private final SheetText text = new SheetText();
    private final List<List<RgbImage>> rows = new ArrayList<>();
    private List<RgbImage> row = new ArrayList<>();

    FilmOutput(Destination destination, String name, long images, int scale) {
        this.destination = destination;
        this.file = destination.file(name);
        this.images = images;
        this.scale = scale;
    }

    @Override
    public void step(StepView step) {
        var frame = FilmFrame.of(step.previews().getFirst(), step.codes(), step.full());
        Sheet.requireFits(step.steps(), images, frame.width(), frame.height(), scale);
        row.add(frame);
    }

    @Override
    public Path add(GeneratedImage image) {
        rows.add(row);
        row = new ArrayList<>();
        text.add(image);
        return file;
    }

    @Override
    public void finish() {
        destination.make();
        Sheet.of(rows, scale).writePng(file, text.describe("film, a row for each image, a column for each step; " + FilmFrame.LEGEND));
    }

    @Override
    public List<Path> files() {
        return List.of(file);
    }
}
