package io.maskleap.network;

import io.maskleap.device.Workspace;
import io.maskleap.kernel.Raggedness;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The sequences of a MaskGIT batch: image by image its conditional, then (with guidance) its unconditional sequence, all of
 * one length. On host memory.
 */
public final class Sequences {
    private final int images;
    private final int guided;
    private final int length;
    private final MemorySegment offsets;
    private final MemorySegment lengths;
    private final MemorySegment keyOffsets;
    private final MemorySegment keyCounts;

    /** Takes room for at most {@code images} of {@code guided} sequences of {@code length} tokens. */
    public Sequences(Workspace workspace, int images, int guided, int length) {
        this(images, guided, length, workspace.ints((long) images * guided + 1), workspace.ints((long) images * guided),
                workspace.ints((long) images * guided), workspace.ints((long) images * guided));
    }

    private Sequences(int images, int guided, int length, MemorySegment offsets, MemorySegment lengths, MemorySegment keyOffsets, MemorySegment keyCounts) {
        this.images = images;
        this.guided = guided;
        this.length = length;
        this.offsets = offsets;
        this.lengths = lengths;
        this.keyOffsets = keyOffsets;
        this.keyCounts = keyCounts;
    }

    /** These sequences' memory for a batch of another make-up that fits in it, with offsets and lengths written. */
    public Sequences of(int newImages, int newGuided) {
        if (newImages * newGuided > images * guided) {
            throw new IllegalArgumentException(newImages + " x " + newGuided + " sequences, room for " + images + " x " + guided);
        }
        for (int s = 0; s <= newImages * newGuided; s++) {
            offsets.setAtIndex(ValueLayout.JAVA_INT, s, s * length);
        }
        for (int s = 0; s < newImages * newGuided; s++) {
            lengths.setAtIndex(ValueLayout.JAVA_INT, s, length);
        }
        return new Sequences(newImages, newGuided, length, offsets, lengths, keyOffsets, keyCounts);
    }

    public int images() {
        return images;
    }

    public int guided() {
        return guided;
    }

    public int count() {
        return images * guided;
    }

    /** T. */
    public int length() {
        return length;
    }

    /** Rows of all sequences. */
    public long rows() {
        return (long) count() * length;
    }

    /** Rows of one image: what is multiplied at a time, so that an image does not depend on its batch. */
    public long rowsPerImage() {
        return (long) guided * length;
    }

    /** (sequences + 1) int32: first row of each sequence. */
    public MemorySegment offsets() {
        return offsets;
    }

    /** Every token attends to all tokens of its sequence. */
    Raggedness toThemselves() {
        return new Raggedness(offsets, offsets, lengths, count(), length, length);
    }

    /**
     * Every token attends to the {@code keysPerImage} keys of its image, which all of the image's sequences share.
     */
    Raggedness toKeysOfTheirImage(int keysPerImage) {
        for (int s = 0; s < count(); s++) {
            keyOffsets.setAtIndex(ValueLayout.JAVA_INT, s, s / guided * keysPerImage);
            keyCounts.setAtIndex(ValueLayout.JAVA_INT, s, keysPerImage);
        }
        return new Raggedness(offsets, keyOffsets, keyCounts, count(), length, keysPerImage);
    }
}
