package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file for each image, written as soon as it is there. */
final class ImageOutput implements Output {
    private final Destination destination;
    private final long images;
    private final int scale;
    private final List<Path> files = new ArrayList<>();

    ImageOutput(Destination destination, long images, int scale) {
        this.destination = destination;
        this.images = images;
        this.scale = scale;
    }

    @Override
    public Path add(GeneratedImage image) {
        var file = destination.file(Destination.name(image.className(), Long.toString(image.seed())), files.size(), images);
        destination.make();
        Canvas.enlarged(image.image(), scale).writePng(file, image.description());
        files.add(file);
        return file;
    }

    @Override
    public List<Path> files() {
        return files;
    }
}
