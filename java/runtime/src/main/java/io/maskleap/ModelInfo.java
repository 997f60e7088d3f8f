package io.maskleap;

import io.maskleap.error.MaskleapException;
import java.util.List;

/**
 * What a model is.
 *
 * @param name        as its folder says
 * @param classNames  in order; empty where the model has none
 * @param classes     number of classes
 * @param imageSize   pixels on each side
 * @param grid        tokens on each side
 * @param codebook    K
 * @param channels    C of the features
 * @param hasShortcut whether it can take shortcut steps
 * @param defaults    settings for what a request does not say
 */
public record ModelInfo(String name, List<String> classNames, int classes, int imageSize, int grid, int codebook, int channels,
        boolean hasShortcut, GenerationSettings defaults) {
    private static final int MOST_NAMES = 20;

    public ModelInfo {
        classNames = List.copyOf(classNames);
    }

    /** Grid tokens of an image. */
    public int tokens() {
        return grid * grid;
    }

    /** A class's name, or its number where the model has no names. */
    public String className(int label) {
        return classNames.isEmpty() ? Integer.toString(label) : classNames.get(label);
    }

    /** The number of the class that a request chose. */
    int label(Request.ClassChoice choice) {
        return switch (choice) {
            case Request.ClassChoice.Numbered(int label) -> {
                if (label < 0 || label >= classes) {
                    throw new MaskleapException("class is " + label + ", wanted 0 to " + (classes - 1) + knownNames());
                }
                yield label;
            }
            case Request.ClassChoice.Named(String className) -> {
                int label = classNames.indexOf(className);
                if (label < 0) {
                    throw new MaskleapException("class \"" + className + "\" is not known to model " + name
                            + (classNames.isEmpty() ? ", whose classes have no names: wanted a number from 0 to " + (classes - 1) : knownNames()));
                }
                yield label;
            }
        };
    }

    private String knownNames() {
        if (classNames.isEmpty()) {
            return "";
        }
        return "; it knows " + String.join(", ", classNames.subList(0, Math.min(MOST_NAMES, classNames.size())))
                + (classNames.size() > MOST_NAMES ? " and " + (classNames.size() - MOST_NAMES) + " more" : "");
    }
}
