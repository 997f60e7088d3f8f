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
    private final int sequencesPerImage;
    private final int length;
    private final MemorySegment offsets;
    private final MemorySegment lengths;

    /** Takes room for at most {@code images} of {@code sequencesPerImage} sequences of {@code length} tokens. */
    public Sequences(Workspace workspace, int images, int sequencesPerImage, int length) {
        this(images, sequencesPerImage, length, workspace.ints((long) images * sequencesPerImage + 1), workspace.ints((long) images * sequencesPerImage));
    }

    private Sequences(int images, int sequencesPerImage, int length, MemorySegment offsets, MemorySegment lengths) {
        this.images = images;
        this.sequencesPerImage = sequencesPerImage;
        this.length = length;
        this.offsets = offsets;
        this.lengths = lengths;
    }

    /** These sequences' memory for a batch of another make-up that fits in it, with offsets and lengths written. */
    public Sequences of(DeviceStream stream, int newImages, int newSequencesPerImage) {
        int count = newImages * newSequencesPerImage;
        if (count > images * sequencesPerImage) {
            throw new IllegalArgumentException(newImages + " x " + newSequencesPerImage + " sequences, room for " + images + " x " + sequencesPerImage);
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
        return new Sequences(newImages, newSequencesPerImage, length, offsets, lengths);
    }

    public int images() {
        return images;
    }

    public int sequencesPerImage() {
        return sequencesPerImage;
    }

    public int count() {
        return images * sequencesPerImage;
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
        return (long) sequencesPerImage * length;
    }

    /** (sequences + 1) int32: first row of each sequence. */
    public MemorySegment offsets() {
        return offsets;
    }

    /** Every token attends to all tokens of its sequence. */
    public Raggedness toThemselves() {
        return new Raggedness(offsets, offsets, lengths, count(), length, length);
    }

    /** Every token attends to as many keys from a row of its sequence's on as {@code counts} says, at most {@code most}. */
    public Raggedness toKeys(MemorySegment keyOffsets, MemorySegment counts, int most) {
        return new Raggedness(offsets, keyOffsets, counts, count(), length, most);
    }
}
