package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import io.maskleap.weights.Json;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a {@code model.json} may get wrong; each ends in one sentence. */
class ModelManifestTest {
    static final String HONEST = """
            {"format": 1, "architecture": "maskgit", "name": "tiny", "classes": ["a", "b"],
             "base": {"file": "b", "grid": 8, "codebook": 64, "classes": 2, "channels": 64, "layers": 3, "heads": 4, "mlp": 160},
             "shortcut": {"file": "s", "base_channels": 64, "channels": 32, "projections": true, "blocks": 1, "heads": 4,
                          "mlp": 128, "time_hidden": 91},
             "decoder": {"file": "d"},
             "defaults": {"steps": 16, "budget": 5, "schedule": "arccos", "randomization": "linear", "guidance": 2.5,
                          "logit_scale": 1.0, "gumbel_temperature": 7.0}}""";

    @Test
    void readsAnHonestOne() {
        var manifest = read(HONEST);
        assertEquals("tiny", manifest.name());
        assertEquals(List.of("a", "b"), manifest.classNames());
        assertEquals(8, manifest.networks().sizes().grid());
        assertTrue(manifest.networks().sizes().hasShortcut());
        assertEquals(16, manifest.defaults().steps());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {
        "\"maskgit\"         | \"muse\"          | architecture is \"muse\", wanted \"maskgit\"",
        "\"maskgit\"         | null              | architecture is null, wanted a string",
        "\"tiny\"            | 7                 | name is 7, wanted a string",
        "[\"a\", \"b\"]      | [\"a\"]           | classes has 1 names, the base network 2 classes",
        "[\"a\", \"b\"]      | [\"a\", \"a\"]    | classes[1] is \"a\", wanted a name that no other class has",
        "[\"a\", \"b\"]      | [\"a\", \" \"]    | classes[1] is \" \", wanted a name",
        "[\"a\", \"b\"]      | \"ab\"            | classes is \"ab\", wanted an array",
        "\"grid\": 8,        |                   | base.grid is missing",
        "\"grid\": 8         | \"grid\": 0       | base.grid is 0, wanted 1 to 4096",
        "\"grid\": 8         | \"grid\": 1073741832 | base.grid is 1073741832, wanted 1 to 4096",
        "\"codebook\": 64    | \"codebook\": 2147483647 | base.codebook is 2147483647, wanted 1 to 1048576",
        "\"layers\": 3       | \"layers\": -3    | base.layers is -3, wanted 1 to 1048576",
        "\"mlp\": 160        | \"mlp\": 1e3      | base.mlp is 1000.0, wanted an integer",
        "\"heads\": 4, \"mlp\": 160 | \"heads\": 5, \"mlp\": 160 | base.heads is 5, wanted a divisor of the 64 channels that leaves at most 128 of them to a head",
        "\"heads\": 4, \"mlp\": 160 | \"heads\": 0, \"mlp\": 160 | base.heads is 0, wanted a divisor of the 64 channels that leaves at most 128 of them to a head",
        "\"base_channels\": 64 | \"base_channels\": 32 | shortcut.base_channels is 32, wanted 64 as base.channels",
        "\"projections\": true | \"projections\": 1 | shortcut.projections is 1, wanted true or false",
        "\"blocks\": 1       | \"blocks\": 4294967297 | shortcut.blocks is 4294967297, wanted a 32-bit integer",
        "\"time_hidden\": 91 | \"time_hidden\": -1 | shortcut.time_hidden is -1, wanted 0 to 1048576",
        "\"steps\": 16       | \"steps\": 0      | defaults: steps is 0, wanted at least 1",
        "\"steps\": 16       | \"steps\": 2147483647 | defaults: steps is 2147483647, wanted at most 65536",
        "\"budget\": 5       | \"budget\": 17    | defaults: budget is 17, wanted 2 to 16 (the number of steps; that many means full steps only)",
        "\"arccos\"          | \"sine\"          | defaults.schedule is \"sine\", wanted one of [arccos, root, linear, square, cosine]",
        "\"guidance\": 2.5   | \"guidance\": -1  | defaults: guidance is -1.0, wanted 0 (none) or more",
        "\"guidance\": 2.5   | \"guidance\": 1e99 | defaults: guidance is 1.0E99, wanted at most 3.4028235E38, as the kernels compute in float32",
    })
    void refusesWhatCannotBe(String honest, String lie, String sentence) {
        assertTrue(HONEST.contains(honest), honest);
        var json = HONEST.replace(honest, lie == null ? "" : lie);
        assertEquals("model.json: " + sentence, assertThrows(MaskleapException.class, () -> read(json)).getMessage());
    }

    /** What model folders of version 0.1 called it. */
    @Test
    void readsTheOldNameOfTheLogitScale() {
        assertEquals(1.5, read(HONEST.replace("\"logit_scale\": 1.0", "\"softmax_temperature\": 1.5")).defaults().logitScale());
    }

    @Test
    void refusesShortcutStepsWithoutAShortcut() {
        var json = HONEST.replace("\"shortcut\"", "\"other\"");
        assertEquals("model.json: defaults.budget is 5, wanted 16 as there is no shortcut",
                assertThrows(MaskleapException.class, () -> read(json)).getMessage());
    }

    private static ModelManifest read(String json) {
        return ModelManifest.of(Json.parseObject("model.json", json));
    }
}
