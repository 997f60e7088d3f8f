package io.maskleap;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An image and what it was made from.
 *
 * @param image     the image
 * @param model     the model's name
 * @param label     the class's number
 * @param className the class's name, or its number where the model has no names
 * @param seed      alone with this seed, class and settings, the image comes out the same
 * @param settings  everything else that it depends on
 * @param codes     (tokens) the codebook entries, row-major
 */
public record GeneratedImage(RgbImage image, String model, int label, String className, long seed, GenerationSettings settings, int[] codes) {

    /** Writes a PNG whose text chunks say how to make the image again. */
    public void writePng(Path path) {
        image.writePng(path, description());
    }

    /** What the PNG's text chunks say. */
    public Map<String, String> description() {
        var text = new LinkedHashMap<String, String>();
        text.put("Software", "Maskleap " + Maskleap.VERSION);
        text.put("Model", model);
        text.put("Class", className);
        text.put("Seed", Long.toString(seed));
        text.put("Steps", Integer.toString(settings.steps()));
        text.put("Budget", Integer.toString(settings.budget()));
        text.put("Schedule", Manifest.spelling(settings.schedule()));
        text.put("Randomization", Manifest.spelling(settings.randomization()));
        text.put("Guidance", Double.toString(settings.guidance()));
        text.put("LogitScale", Double.toString(settings.logitScale()));
        text.put("GumbelTemperature", Double.toString(settings.gumbelTemperature()));
        return text;
    }
}
