package io.maskleap.cli;

import io.maskleap.GeneratedImage;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;

/** The text of a sheet's PNG: how to make its images again. They have the same settings, and seeds that count up. */
final class SheetText {
    private final Set<String> classNames = new LinkedHashSet<>();
    private int images;
    private Map<String, String> firstDescription;

    void add(GeneratedImage image) {
        if (firstDescription == null) {
            firstDescription = image.description();
        }
        classNames.add(image.className());
        images++;
    }

    /** The first image's description, its seed among it, with all classes and how many images there are. */
    Map<String, String> describe(String layout) {
        firstDescription.put("Class", String.join(", ", classNames));
        firstDescription.put("Images", images + ", seeds counting up by one");
        firstDescription.put("Layout", layout);
        return firstDescription;
    }
}
