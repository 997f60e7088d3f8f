package io.maskleap.network;

import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.Raggedness;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The sequences of a MaskGIT batch: image by image its conditional, then (with guidance) its unconditional sequence, all of
 * one length.
 */
public final class Sequences {
    private final int images;
    private final int guided;
    private final int length;
    private final MemorySegment offsets;
    private final MemorySegment lengths;

    /** Takes room for at most {@code images} of {@code guided} sequences of {@code length} tokens. */
    public Sequences(Workspace workspace, int images, int guided, int length) {
        this(images, guided, length, workspace.ints((long) images * guided + 1), workspace.ints((long) images * guided));
    }

    private Sequences(int images, int guided, int length, MemorySegment offsets, MemorySegment lengths) {
        this.images = images;
        this.guided = guided;
        this.length = length;
        this.offsets = offsets;
        this.lengths = lengths;
    }

    /** These sequences' memory for a batch of another make-up that fits in it, with offsets and lengths written. */
    public Sequences of(DeviceStream stream, int newImages, int newGuided) {
        int count = newImages * newGuided;
        if (count > images * guided) {
            throw new IllegalArgumentException(newImages + " x " + newGuided + " sequences, room for " + images + " x " + guided);
        }
        stream.write(offsets.asSlice(0, (count + 1L) * Integer.BYTES), host -> {
            for (int s = 0; s <= count; s++) {
                host.setAtIndex(ValueLayout.JAVA_INT, s, s * length);
            }
        });
        stream.write(lengths.asSlice(0, (long) count * Integer.BYTES), host -> {
            for (int s = 0; s < count; s++) {
                host.setAtIndex(ValueLayout.JAVA_INT, s, length);
            }
        });
        return new Sequences(newImages, newGuided, length, offsets, lengths);
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

    /** Every token attends to as many keys from a row of its sequence's on as {@code counts} says, at most {@code most}. */
    Raggedness toKeys(MemorySegment keyOffsets, MemorySegment counts, int most) {
        return new Raggedness(offsets, keyOffsets, counts, count(), length, most);
    }
}
