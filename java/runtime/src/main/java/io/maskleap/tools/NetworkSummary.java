package io.maskleap.tools;

import io.maskleap.network.MaskGitConfig;
import io.maskleap.network.ShortcutConfig;
import io.maskleap.network.VqganConfig;
import java.util.stream.Collectors;

/** What shapes tell of a network, in a few words for people. */
final class NetworkSummary {
    private NetworkSummary() {
    }

    static String of(MaskGitConfig config) {
        return "%s, %d channels, MLP %d, %d x %d tokens of %d codes, %s".formatted(count(config.layers(), "layer"),
                config.channels(), config.mlp(), config.grid(), config.grid(), config.codebook(),
                count(config.classes(), "class", "classes"));
    }

    static String of(ShortcutConfig config) {
        return "%s, %d of the base's %d channels, MLP %d, %s time embedding".formatted(count(config.blocks(), "block"),
                config.channels(), config.baseChannels(), config.mlp(), config.embedsTime() ? "with" : "without");
    }

    static String of(VqganConfig config) {
        var channels = config.levels().stream().map(level -> Integer.toString(level.channels()))
                .collect(Collectors.joining(", "));
        return "%d codes of %d channels, levels of %s channels, %d pixels to a token's side".formatted(
                config.codebook(), config.embeddingChannels(), channels, config.imageSize(1));
    }

    static String heads(int heads) {
        return count(heads, "head");
    }

    static String tensors(int tensors) {
        return count(tensors, "tensor");
    }

    private static String count(int n, String one) {
        return count(n, one, one + "s");
    }

    private static String count(int n, String one, String several) {
        return n + " " + (n == 1 ? one : several);
    }
}
