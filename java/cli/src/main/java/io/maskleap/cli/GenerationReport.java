package io.maskleap.cli;

import io.maskleap.GenerationSettings;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** What {@code generate --json} tells. */
record GenerationReport(String model, String device, GenerationSettings settings, List<PaintedImage> images, List<Path> files, long openMilliseconds,
        long generateMilliseconds) {

    /** In a line, for people. */
    String summary() {
        var seeds = images.size() == 1
                ? "1 image, seed " + images.getFirst().seed()
                : images.size() + " images, seeds " + images.getFirst().seed() + " to " + images.getLast().seed();
        var steps = settings.steps() + " steps, " + (settings.fullStepsOnly() ? "all" : settings.budget()) + " full";
        return String.format(Locale.ROOT, "%s: %s, %s, guidance %s, in %.2f s", model, seeds, steps, settings.guidance(), generateMilliseconds / 1e3);
    }

    /** An image; {@code file} is the sheet's where there is one. */
    record PaintedImage(String className, int label, long seed, Path file, long milliseconds) {
    }
}
