package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * What the images of a batch have in common for gather, sampler and selection.
 *
 * @param images       B
 * @param sequencesPerImage       sequences of an image: 2 (conditional, unconditional) with guidance, otherwise 1
 * @param tokens       grid tokens of one image
 * @param positionRows (sequencesPerImage, tokens) int32, device: grid position to row within the sequence; {@link MemorySegment#NULL}: the same
 */
public record BatchShape(int images, int sequencesPerImage, int tokens, MemorySegment positionRows) {

    public static BatchShape identity(int images, int sequencesPerImage, int tokens) {
        return new BatchShape(images, sequencesPerImage, tokens, MemorySegment.NULL);
    }

    public int sequences() {
        return images * sequencesPerImage;
    }
}
