package io.maskleap.network;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.Device;
import io.maskleap.Model;
import io.maskleap.NetworkProbe;
import io.maskleap.Precision;
import io.maskleap.TestModels;
import io.maskleap.device.cpu.ProcessorFeatures;
import io.maskleap.network.PlainOperations.Matrix;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.SafetensorsFile;
import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * The rule for bfloat16: against what the reference recorded in float32, a network's largest error is at most twice that of a
 * plain implementation that rounds the operands of its products to bfloat16. The plain implementation itself is checked in
 * float32 against the same recordings.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class Bfloat16ErrorTest {
    private static final int HEADS = 4;
    private static final double PLAIN_FLOAT32_TOLERANCE = 1e-3;

    private TensorSource expected;
    private ModelFolder folder;
    private Model model;
    private NetworkProbe probe;

    @BeforeAll
    void open(@TempDir Path temporary) {
        ProcessorFeatures.assumeBfloat16Products();
        var path = TestModels.tiny(temporary.resolve("model"), true);
        expected = SafetensorsFile.open(TestModels.tinyFixture().resolve("expected.safetensors"));
        folder = ModelFolder.open(path);
        model = Model.open(path, Device.cpu(2), Precision.BFLOAT16);
        probe = model.newProbe();
    }

    @AfterAll
    void close() {
        if (model != null) {
            model.close();
            expected.close();
        }
    }

    private void with(String network, BiConsumer<TensorSource, Integer> work) {
        try (var weights = folder.weights(network)) {
            work.accept(weights, model.info().grid() * model.info().grid() + 1);
        }
    }

    private static double error(float[] actual, float[] wanted) {
        double error = 0;
        for (int i = 0; i < wanted.length; i++) {
            error = Math.max(error, Math.abs((double) actual[i] - wanted[i]));
        }
        return error;
    }

    private void assertWithinRule(String tensor, float[] ours, float[] plainBfloat16, float[] plainFloat32) {
        var wanted = expected.tensor(tensor).toFloats();
        double float32 = error(plainFloat32, wanted);
        assertTrue(float32 < PLAIN_FLOAT32_TOLERANCE, tensor + ": the plain implementation is off by " + float32 + " in float32");
        double bound = 2 * error(plainBfloat16, wanted);
        double error = error(ours, wanted);
        assertTrue(error <= bound, tensor + ": the error is " + error + ", twice the plain implementation's is " + bound);
        assertTrue(bound < 100 * error, tensor + ": the error is " + error + ", so " + bound + " is no bound");
    }

    @Test
    void baseNetwork() {
        int[] codes = expected.tensor("forward.codes").toInts();
        int[] labels = expected.tensor("forward.labels").toInts();
        int[] drop = expected.tensor("forward.drop_label").toInts();
        var dropped = new boolean[drop.length];
        int tokens = codes.length / labels.length;
        int K = model.info().codebook();
        var ids = new int[labels.length * (tokens + 1)];
        for (int s = 0; s < labels.length; s++) {
            dropped[s] = drop[s] != 0;
            System.arraycopy(codes, s * tokens, ids, s * (tokens + 1), tokens);
            ids[(s + 1) * (tokens + 1) - 1] = K + 1 + (dropped[s] ? model.info().classes() : labels[s]);
        }
        with("base", (weights, length) -> assertWithinRule("forward.feature", probe.features(codes, labels, dropped),
                new PlainNetworks(weights, HEADS, length, true).features(ids).data(), new PlainNetworks(weights, HEADS, length, false).features(ids).data()));
    }

    @Test
    void shortcut() {
        var feature = expected.tensor("shortcut.prev_feature").toFloats();
        int[] ids = expected.tensor("shortcut.new_token_ids").toInts();
        int[] map = expected.tensor("shortcut.new_token_map").toInts();
        var ratios = expected.tensor("shortcut.mask_ratio").toFloats();
        var flags = new boolean[map.length];
        var positions = new int[ids.length];
        int next = 0;
        int T = map.length / ratios.length;
        for (int i = 0; i < map.length; i++) {
            flags[i] = map[i] != 0;
            if (flags[i]) {
                positions[next++] = i % T;
            }
        }
        var ours = probe.shortcut(feature, ids, flags, ratios);
        with("shortcut", (shortcut, length) -> with("base", (base, same) -> assertWithinRule("shortcut.next_feature", ours,
                plainShortcut(base, shortcut, length, feature, ids, positions, ratios, true),
                plainShortcut(base, shortcut, length, feature, ids, positions, ratios, false))));
    }

    private float[] plainShortcut(TensorSource base, TensorSource shortcut, int length, float[] feature, int[] ids, int[] positions, float[] ratios,
            boolean bfloat16) {
        var rows = new Matrix(feature, ratios.length * length, model.info().channels());
        return new PlainNetworks(base, HEADS, length, bfloat16).shortcut(shortcut, HEADS, rows, ids, positions, ratios).data();
    }

    @Test
    void decoder() {
        int[] codes = expected.tensor("decode.codes").toInts();
        with("decoder", (weights, length) -> assertWithinRule("decode.image", probe.decode(codes),
                planes(PlainNetworks.decode(weights, codes, true)), planes(PlainNetworks.decode(weights, codes, false))));
    }

    /** (3, pixels) of (pixels, 3). */
    private static float[] planes(Matrix pixels) {
        var out = new float[pixels.data().length];
        for (int i = 0; i < out.length; i++) {
            out[i % 3 * pixels.rows() + i / 3] = pixels.data()[i];
        }
        return out;
    }
}
