package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Arguments of the embedding; all pointers are device memory. Shapes as in {@code leap_embed_params}.
 *
 * @param sequences     S
 * @param capacity      rows of each sequence
 * @param idsStride     elements from one sequence's ids (and positions) to the next
 * @param ids           (S, capacity) int32
 * @param positions     (S, capacity) int32, or {@link MemorySegment#NULL}: row j is at position j
 * @param counts        (S) int32: rows beyond are zeros; or {@link MemorySegment#NULL}: all rows
 * @param tokenTable    (vocabulary, C)
 * @param positionTable (positions, C), or null: nothing is added
 * @param out           (S * capacity, C)
 */
public record EmbedCall(long sequences, long capacity, long idsStride, MemorySegment ids, MemorySegment positions, MemorySegment counts,
        Tensor tokenTable, Tensor positionTable, Tensor out) {
}
