package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.maskleap.device.cpu.ProcessorFeatures;
import io.maskleap.weights.ModelFolder;
import io.maskleap.weights.StoredDtype;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights in float32 and bfloat16, computed with in float32 and bfloat16. */
class PrecisionTest {
    @TempDir
    private Path temporary;
    private Path float32;
    private Path bfloat16;

    @BeforeEach
    void importBoth() {
        float32 = TestModels.tiny(temporary.resolve("f32"), true);
        bfloat16 = TestModels.tiny(temporary.resolve("bf16"), true, Precision.BFLOAT16);
    }

    private static byte[] image(Path folder, Precision precision) {
        try (var model = Model.open(folder, Device.cpu(2), precision); var session = model.newSession()) {
            assertEquals(precision, model.precision());
            return session.generate(Request.ofClass(2).seed(3)).getFirst().image().rgb();
        }
    }

    @Test
    void modelComputesAsItsWeightsAreStored() {
        ProcessorFeatures.assumeBfloat16Products();
        try (var model = Model.open(float32, Device.cpu(2))) {
            assertEquals(Precision.FLOAT32, model.precision());
        }
        try (var model = Model.open(bfloat16, Device.cpu(2))) {
            assertEquals(Precision.BFLOAT16, model.precision());
        }
    }

    @Test
    void whenWeightsAreRoundedDoesNotMatter() {
        ProcessorFeatures.assumeBfloat16Products();
        assertArrayEquals(image(bfloat16, Precision.BFLOAT16), image(float32, Precision.BFLOAT16));
    }

    @Test
    void precisionsDiffer() {
        ProcessorFeatures.assumeBfloat16Products();
        assertFalse(Arrays.equals(image(float32, Precision.FLOAT32), image(float32, Precision.BFLOAT16)));
        assertFalse(Arrays.equals(image(bfloat16, Precision.FLOAT32), image(float32, Precision.FLOAT32)));
    }

    @Test
    void onlyWhatProductsMultiplyIsRounded() {
        var folder = ModelFolder.open(bfloat16);
        try (var base = folder.weights("base"); var shortcut = folder.weights("shortcut"); var decoder = folder.weights("decoder")) {
            assertEquals(StoredDtype.BF16, base.tensor("tok_emb.weight").dtype());
            assertEquals(StoredDtype.BF16, base.tensor("transformer.layers.0.0.fn.mha.in_proj_weight").dtype());
            assertEquals(StoredDtype.F32, base.tensor("transformer.layers.0.0.norm.weight").dtype());
            assertEquals(StoredDtype.F32, base.tensor("transformer.layers.0.0.fn.mha.in_proj_bias").dtype());
            assertEquals(StoredDtype.F32, base.tensor("bias").dtype());
            assertEquals(StoredDtype.BF16, shortcut.tensor("proj_in.weight").dtype());
            assertEquals(StoredDtype.F32, shortcut.tensor("adaLN_modulation.weight").dtype());
            assertEquals(StoredDtype.BF16, decoder.tensor("decoder.conv_in.weight").dtype());
        }
    }
}
