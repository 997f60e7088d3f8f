package io.maskleap.kernel;

import java.lang.foreign.MemorySegment;

/**
 * Which packed rows belong to which sequence, for attention.
 *
 * @param queryOffsets (sequences + 1) int32, device: queries of sequence s are rows offsets[s] .. offsets[s + 1] - 1
 * @param keyOffsets   (sequences) int32, device: first key row of each sequence
 * @param keyCounts    (sequences) int32, device: its number of keys, which may be 0
 * @param sequences    number of sequences
 * @param maxQueries   bound on the queries of a sequence
 * @param maxKeys      bound on the keys of a sequence
 */
public record Raggedness(MemorySegment queryOffsets, MemorySegment keyOffsets, MemorySegment keyCounts, int sequences,
        int maxQueries, int maxKeys) {
}
