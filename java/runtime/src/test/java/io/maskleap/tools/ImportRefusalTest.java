package io.maskleap.tools;

import static io.maskleap.tools.Refusal.assertRefused;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.GenerationSettings;
import io.maskleap.ZipBytes;
import io.maskleap.error.MaskleapException;
import io.maskleap.sampling.Randomization;
import io.maskleap.sampling.Schedule;
import io.maskleap.weights.SafetensorsFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Each bad input ends in one sentence, and leaves nothing behind. */
class ImportRefusalTest {
    @TempDir
    Path inputs;

    @TempDir
    Path outputs;

    private ImportBuilder tiny;

    @BeforeEach
    void build() {
        tiny = new ImportBuilder(outputs.resolve("tiny"));
    }

    @AfterEach
    void nothingIsLeft() throws IOException {
        try (var left = Files.list(outputs)) {
            assertEquals(List.of(), left.toList());
        }
    }

    @Test
    void missingFile() {
        tiny.base = inputs.resolve("none.pth");
        assertRefused(tiny.base + ": no such file", tiny::run);
    }

    @Test
    void fileOfAnotherKind() {
        tiny.base = tiny.vqganConfig;
        assertRefused(tiny.base + ": not a PyTorch checkpoint (starts with 6d 6f 64 65 6c 3a 0a 20, wanted a ZIP archive)",
                tiny::run);
    }

    @Test
    void truncatedFile() throws IOException {
        var whole = Files.readAllBytes(tiny.base);
        tiny.base = Files.write(inputs.resolve("base.pth"), Arrays.copyOf(whole, whole.length / 2));
        assertRefused("%s: ZIP archive without an end record in its %d bytes: truncated, copy it again"
                .formatted(tiny.base, whole.length / 2), tiny::run);
    }

    @Test
    void checkpointsExchanged() {
        tiny.shortcut = Optional.of(tiny.base);
        assertRefused(tiny.base + ": has no dict of tensors; its keys are "
                + "iter, global_epoch, model_state_dict, optimizer_state_dict", tiny::run);
    }

    @Test
    void missingTensor() throws IOException {
        patchBase("last_layer.4.bias", "last_layer.4.bia_");
        assertRefused(tiny.base + ": no tensor last_layer.4.bias (similar among 53: last_layer.0.bias,"
                + " last_layer.2.bias, last_layer.4.bia_)", tiny::run);
    }

    @Test
    void missingTensorOfTheDecoder() throws IOException {
        tiny.vqgan = PatchedFile.replace(tiny.vqgan, inputs.resolve("last.ckpt"), "decoder.norm_out.bias",
                "decoder.norm_out.bia_");
        assertRefused(tiny.vqgan + ": no tensor decoder.norm_out.bias (similar among 184:"
                + " decoder.norm_out.bia_, encoder.norm_out.bias, decoder.conv_out.bias)", tiny::run);
    }

    @Test
    void gapInTheLayers() throws IOException {
        patchBase("transformer.layers.1.0.norm.weight", "transformer.layers.x.0.norm.weight");
        assertRefused(tiny.base + ": tensor transformer.layers.x.0.norm.weight has no place in a network of 1 layer,"
                + " 64 channels, MLP 160, 8 x 8 tokens of 64 codes, 5 classes: a tensor that belongs to it is missing,"
                + " or this is another architecture", tiny::run);
    }

    @Test
    void tensorOfAnotherShape() throws IOException {
        tiny.base = PatchedFile.exchange(tiny.base, inputs.resolve("base.pth"), "last_layer.0.weight",
                "last_layer.2.weight");
        assertRefused(tiny.base + ": tensor last_layer.0.weight has shape [64, 64], wanted [64]", tiny::run);
    }

    @ParameterizedTest
    @CsvSource({"0000c07f, NaN", "0000807f, Infinity", "000080ff, -Infinity"})
    void weightThatIsNoNumber(String littleEndian, String shown) throws IOException {
        var weight = "last_layer.0.weight";
        var bits = new String(HexFormat.of().parseHex(littleEndian), StandardCharsets.ISO_8859_1);
        tiny.base = PatchedFile.patch(tiny.base, inputs.resolve("base.pth"), text -> {
            var data = bytesInTheTwin(weight);
            return text.replace(data, data.substring(0, 5 * Float.BYTES) + bits + data.substring(6 * Float.BYTES));
        });
        assertRefused("%s: tensor %s: element 5 is %s in float32, wanted finite weights".formatted(tiny.base, weight, shown),
                tiny::run);
    }

    /** A transfer that changed a byte: the tensor is finite, and not the one that was saved. */
    @Test
    void weightThatItsChecksumDoesNotFit() throws IOException {
        var bytes = Files.readAllBytes(tiny.base);
        var archive = new ZipBytes(bytes);
        var data = archive.data("base/data/0");
        archive.set(data, 1, bytes[data] ^ 1);
        tiny.base = Files.write(inputs.resolve("base.pth"), bytes);
        var message = assertThrows(MaskleapException.class, tiny::run).getMessage();
        assertTrue(message.startsWith(tiny.base + ": entry base/data/0 has the CRC-32 "), message);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "n_embed: 64       | n_embed: 63       | model.params.n_embed is 63, wanted 64 (rows of quantize.embedding.weight in ~)",
        "embed_dim: 8      | embed_dim: 9      | model.params.embed_dim is 9, wanted 8 (columns of quantize.embedding.weight in ~)",
        "z_channels: 16    | z_channels: 8     | model.params.ddconfig.z_channels is 8, wanted 16 (input channels of decoder.conv_in in ~)",
        "num_res_blocks: 1 | num_res_blocks: 2 | model.params.ddconfig.num_res_blocks is 2, wanted 1 (blocks of decoder.up.0 less 1 in ~)",
        "[1, 1, 2]         | [1, 2]            | model.params.ddconfig.ch 32 and ch_mult [1, 2] make levels of [32, 64] channels, wanted [32, 32, 64] (decoder.up in ~)",
        "n_embed: 64       | n_codes: 64       | model.params.n_embed is missing",
    })
    void configurationOfAnotherVqgan(String line, String otherLine, String sentence) throws IOException {
        tiny.vqganConfig = PatchedFile.replace(tiny.vqganConfig, inputs.resolve("model.yaml"), line, otherLine);
        assertRefused(tiny.vqganConfig + ": " + sentence.replace("~", tiny.vqgan.toString()), tiny::run);
    }

    @Test
    void headsThatDoNotDivide() {
        tiny.heads = 5;
        assertRefused("heads is 5, wanted a divisor of the 64 channels that leaves at most 128 of them to a head", tiny::run);
    }

    @Test
    void shortcutHeadsThatDoNotDivide() {
        tiny.shortcutHeads = 3;
        assertRefused("shortcut heads is 3, wanted a divisor of the 32 channels that leaves at most 128 of them to a head",
                tiny::run);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "a,b       | 2 class names, wanted 5: one for each class of ~",
        "a,b,c,' ',e | the name of class 3 is empty",
        "a,b,c,a,e | class name \"a\" stands twice, for classes 0 and 3",
    })
    void badClassNames(String names, String sentence) {
        tiny.classNames = List.of(names.replace("'", "").split(","));
        assertRefused(sentence.replace("~", tiny.base.toString()), tiny::run);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "0  | 2  | 2.8 | steps is 0, wanted at least 1",
        "16 | 1  | 2.8 | budget is 1, wanted 2 to 16 (the number of steps; that many means full steps only)",
        "90 | 80 | 2.8 | the 64 tokens run out after 64 of 90 steps, before full step 89; ask for fewer steps, or a smaller budget",
        "16 | 5  | NaN | guidance is NaN, wanted a finite number",
    })
    void impossibleDefaults(int steps, int budget, double guidance, String sentence) {
        tiny.defaults = new GenerationSettings(steps, budget, Schedule.ARCCOS, Randomization.LINEAR, guidance, 1, 7);
        assertRefused("default settings: " + sentence, tiny::run);
    }

    private void patchBase(String name, String otherName) throws IOException {
        tiny.base = PatchedFile.replace(tiny.base, inputs.resolve("base.pth"), name, otherName);
    }

    private static String bytesInTheTwin(String name) {
        try (var twin = SafetensorsFile.open(ImportBuilder.FIXTURE.resolve("base.safetensors"))) {
            return new String(twin.tensor(name).data().toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        }
    }
}
