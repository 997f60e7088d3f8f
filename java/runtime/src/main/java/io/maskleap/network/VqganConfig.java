package io.maskleap.network;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.Limits;
import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * The sizes of a VQGAN decoder, all read from its tensors' shapes.
 *
 * @param codebook          K
 * @param embeddingChannels E of a code's embedding
 * @param latentChannels    channels into the decoder
 * @param middleChannels    channels of its middle
 * @param levels            from the finest (number 0) to the coarsest; the decoder runs them from last to first
 */
public record VqganConfig(int codebook, int embeddingChannels, int latentChannels, int middleChannels, List<Level> levels) {
    /** Channels of an image. */
    public static final int RGB = 3;
    /** Groups of every GroupNorm. */
    static final int GROUPS = 32;

    /**
     * One resolution.
     *
     * @param blocks    residual blocks
     * @param channels  out of each of them
     * @param attention whether each is followed by attention
     */
    public record Level(int blocks, int channels, boolean attention) {
    }

    public VqganConfig {
        levels = List.copyOf(levels);
    }

    /**
     * Reads the sizes from a decoder's tensors.
     *
     * @throws MaskleapException where they are not those of a VQGAN decoder
     */
    public static VqganConfig derive(TensorSource source) {
        int[] codebook = Dimensions.of(source, "quantize.embedding.weight", 2);
        int[] convIn = Dimensions.of(source, "decoder.conv_in.weight", 4);
        var levels = new ArrayList<Level>();
        int count = Blocks.count(source, "decoder.up.", ".block.0.conv1.weight");
        for (int l = 0; l < count; l++) {
            var prefix = "decoder.up." + l;
            levels.add(new Level(Blocks.count(source, prefix + ".block.", ".conv1.weight"),
                    Dimensions.of(source, prefix + ".block.0.conv1.weight", 4)[0],
                    source.find(prefix + ".attn.0.norm.weight").isPresent()));
        }
        if (levels.isEmpty()) {
            throw new MaskleapException(source.path() + ": no tensor decoder.up.0.block.0.conv1.weight; is this a VQGAN?");
        }
        return new VqganConfig(codebook[0], codebook[1], convIn[1], convIn[0], levels).requireGroups(source);
    }

    private VqganConfig requireGroups(TensorSource source) {
        IntStream.concat(IntStream.of(middleChannels), levels.stream().mapToInt(Level::channels)).filter(channels -> channels % GROUPS != 0).findFirst()
                .ifPresent(channels -> {
                    throw new MaskleapException(source.path() + ": a level has " + channels + " channels, wanted a multiple of the " + GROUPS
                            + " groups of its norms");
                });
        return this;
    }

    /** The sizes in a few words, for people. */
    public String summary() {
        return "%d codes of %d channels, levels of %s channels, %d pixels to a token's side".formatted(codebook, embeddingChannels,
                levels.stream().map(level -> Integer.toString(level.channels())).collect(Collectors.joining(", ")), imageSize(1));
    }

    /** Pixels on a side of the image of a {@code grid} x {@code grid} grid of codes. */
    public int imageSize(int grid) {
        return grid << (levels.size() - 1);
    }

    /**
     * Checks that a {@code grid} x {@code grid} grid makes an image of at most {@link Limits#IMAGE_SIDE} pixels a side: each level doubles the side, so
     * a file of a few bytes a level could ask for an image of any size.
     *
     * @param weights where the levels are, for the error's sentence
     * @throws MaskleapException if it makes a larger one
     */
    public void requireImageSize(int grid, Path weights) {
        if (levels.size() > Integer.SIZE || (long) grid << (levels.size() - 1) > Limits.IMAGE_SIDE) {
            throw new MaskleapException(weights + ": " + levels.size() + " levels and a grid of " + grid + " make an image of more than "
                    + Limits.IMAGE_SIDE + " pixels a side");
        }
    }

    /** Elements of the largest activation: pixels times channels. */
    long largestActivation(int grid) {
        long pixels = (long) grid * grid;
        long channels = middleChannels;
        long largest = pixels * Math.max(Math.max(channels, latentChannels), embeddingChannels);
        for (int l = levels.size() - 1; l >= 0; l--) {
            long out = levels.get(l).channels;
            largest = Math.max(largest, pixels * Math.max(channels, out));
            channels = out;
            if (l > 0) {
                pixels *= 4;
                largest = Math.max(largest, pixels * channels);
            }
        }
        return largest;
    }

    /** Pixels of the largest image that is attended over; the middle always is. */
    long largestAttention(int grid) {
        long largest = (long) grid * grid;
        for (int l = levels.size() - 1; l >= 0; l--) {
            if (levels.get(l).attention) {
                long side = (long) grid << (levels.size() - 1 - l);
                largest = Math.max(largest, side * side);
            }
        }
        return largest;
    }

    /** Channels of the widest attention. */
    long widestAttention() {
        return levels.stream().filter(Level::attention).mapToLong(Level::channels).reduce(middleChannels, Math::max);
    }
}
