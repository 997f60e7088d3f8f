package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Arguments of the selection; all pointers are device memory. Shapes as in {@code leap_select_params}.
 *
 * @param sampled      (B, tokens) int32, by row
 * @param confidence   (B, tokens) float32, by row
 * @param positions    in and out (B, tokens) int32: masked grid positions, ascending
 * @param codes        in and out (B, tokens) int32, by grid position
 * @param ids          the sequences' token ids, int32
 * @param idOffsets    (B * sequencesPerImage) int32: where each sequence starts in {@code ids}
 * @param newCodes     out (B, tokens) int32: token ids of what was fixed
 * @param newPositions out (B, tokens) int32: their grid positions, ascending
 * @param newCounts    out (B) int32
 * @param step         a {@link StepBlock}
 * @param idOffset     what turns a code into a token id
 */
public record SelectCall(BatchShape grid, MemorySegment sampled, MemorySegment confidence, MemorySegment positions, MemorySegment codes,
        MemorySegment ids, MemorySegment idOffsets, MemorySegment newCodes, MemorySegment newPositions, MemorySegment newCounts,
        MemorySegment step, int idOffset) {
}
