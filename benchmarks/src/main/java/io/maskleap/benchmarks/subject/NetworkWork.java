package io.maskleap.benchmarks.subject;

import io.maskleap.architecture.maskgit.MaskGitConfig;
import io.maskleap.architecture.maskgit.ShortcutConfig;
import io.maskleap.network.VqganConfig;

/** Floating-point operations of the networks' products: 2 for each multiplication with its addition. Norms and the like are not counted. */
public final class NetworkWork {
    private static final double TAPS = 9;

    private NetworkWork() {
    }

    /** x (rows, in) times (in, out). */
    private static double product(double rows, double in, double out) {
        return 2 * rows * in * out;
    }

    /** Scores and their product with the values, all heads together. */
    private static double attention(double queries, double keys, double channels) {
        return 2 * product(queries, keys, channels);
    }

    /** The base network on {@code sequences} sequences. */
    public static double base(MaskGitConfig config, int sequences) {
        double T = config.sequenceLength();
        double C = config.channels();
        double layer = product(T, C, 3 * C) + attention(T, T, C) + product(T, C, C) + 2 * product(T, C, config.mlp());
        return sequences * (config.layers() * layer + 3 * product(T, C, C));
    }

    /** The head on {@code rows} rows. */
    public static double head(MaskGitConfig config, double rows) {
        return product(rows, config.channels(), config.codebook());
    }

    /** The shortcut on the {@code sequences} sequences of one image of which {@code newTokens} tokens are new. */
    public static double shortcut(ShortcutConfig config, int sequenceLength, int sequences, int newTokens) {
        double T = (double) sequences * sequenceLength;
        double n = newTokens;
        double C = config.baseChannels();
        double c = config.channels();
        double cross = 2 * product(T, c, c) + product(n, c, 2 * c) + attention(T, n, c) + 2 * product(T, c, config.mlp());
        double self = 2 * product(T, c, c) + product(T, c, 2 * c) + attention(T, sequenceLength, c) + 2 * product(T, c, config.mlp());
        double projections = config.projections() ? 2 * product(T, C, c) + product(n, C, c) : 0;
        return projections + config.blocks() * (cross + self) + product(T, c, c);
    }

    /** The decoder for a grid of {@code grid} x {@code grid} codes. */
    public static double decoder(VqganConfig config, int grid) {
        double pixels = (double) grid * grid;
        double channels = config.middleChannels();
        double sum = product(pixels, config.embeddingChannels(), config.latentChannels()) + convolution(pixels, config.latentChannels(), channels)
                + 2 * residual(pixels, channels, channels) + imageAttention(pixels, channels);
        for (int l = config.levels().size() - 1; l >= 0; l--) {
            var level = config.levels().get(l);
            for (int j = 0; j < level.blocks(); j++) {
                sum += residual(pixels, channels, level.channels());
                channels = level.channels();
                sum += level.attention() ? imageAttention(pixels, channels) : 0;
            }
            if (l > 0) {
                pixels *= 4;
                sum += convolution(pixels, channels, channels);
            }
        }
        return sum + convolution(pixels, channels, VqganConfig.RGB);
    }

    private static double convolution(double pixels, double in, double out) {
        return TAPS * product(pixels, in, out);
    }

    private static double residual(double pixels, double in, double out) {
        return convolution(pixels, in, out) + convolution(pixels, out, out) + (in == out ? 0 : product(pixels, in, out));
    }

    private static double imageAttention(double pixels, double channels) {
        return 4 * product(pixels, channels, channels) + attention(pixels, pixels, channels);
    }
}
