package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import io.maskleap.RgbImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** All images on one sheet. */
final class GridOutput implements Output {
    private final Destination destination;
    private final Path file;
    private final int columns;
    private final int scale;
    private final SheetText text = new SheetText();
    private final List<List<RgbImage>> rows = new ArrayList<>();

    GridOutput(Destination destination, String name, int columns, int scale) {
        this.destination = destination;
        this.file = destination.file(name);
        this.columns = columns;
        this.scale = scale;
    }

    /** A row for each class where there are several images of several classes, otherwise as square as can be. */
    static int columns(int classes, int count) {
        return classes > 1 && count > 1 ? count : (int) Math.ceil(Math.sqrt((double) classes * count));
    }

    @Override
    public Path add(GeneratedImage image) {
        if (rows.isEmpty() || rows.getLast().size() == columns) {
            rows.add(new ArrayList<>());
        }
        rows.getLast().add(image.image());
        text.add(image);
        return file;
    }

    @Override
    public void finish() {
        destination.make();
        Sheet.of(rows, scale).writePng(file, text.describe("grid, row by row"));
    }

    @Override
    public List<Path> files() {
        return List.of(file);
    }
}
