package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What the images of a batch have in common for gather, sampler and selection.
 *
 * @param images       B
 * @param guided       sequences of an image: 2 (conditional, unconditional) with guidance, otherwise 1
 * @param tokens       grid tokens of one image
 * @param positionRows (guided, tokens) int32, device: grid position to row within the sequence; {@link MemorySegment#NULL}: the same
 */
public record Grid(int images, int guided, int tokens, MemorySegment positionRows) {

    public static Grid identity(int images, int guided, int tokens) {
        return new Grid(images, guided, tokens, MemorySegment.NULL);
    }

    public int sequences() {
        return images * guided;
    }
}
