package io.maskleap.architecture;

/**
 * What the loop needs to know of a model's networks.
 *
 * @param classes        number of classes
 * @param grid           tokens on each side of an image
 * @param codebook       K, the number of codes
 * @param channels       C of the features
 * @param sequenceLength T, the tokens of a sequence: those of the grid and what the architecture adds
 * @param hasShortcut    whether there is a shortcut network
 */
public record ModelSizes(int classes, int grid, int codebook, int channels, int sequenceLength, boolean hasShortcut) {

    /** Tokens of an image. */
    public int tokens() {
        return grid * grid;
    }
}
