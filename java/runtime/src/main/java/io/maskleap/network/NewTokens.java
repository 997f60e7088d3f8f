package io.maskleap.network;

import java.lang.foreign.MemorySegment;

/**
 * The tokens fixed in the step before, the same for all sequences of an image. All int32, device memory.
 *
 * @param ids        (images, stride) token ids
 * @param positions  (images, stride) where they are
 * @param counts     (images) how many there are, at most {@code capacity}
 * @param keyOffsets (sequences) {@code capacity} times the sequence's image
 * @param keyCounts  (sequences) the count of the sequence's image
 * @param capacity   what each image has room for
 * @param stride     elements from one image's ids (and positions) to the next
 */
public record NewTokens(MemorySegment ids, MemorySegment positions, MemorySegment counts, MemorySegment keyOffsets, MemorySegment keyCounts,
        int capacity, int stride) {
}
