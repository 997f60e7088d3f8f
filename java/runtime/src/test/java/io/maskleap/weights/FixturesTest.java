package io.maskleap.weights;

import static io.maskleap.weights.Fixtures.maskgitTiny;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Files that PyTorch and the published training code wrote. */
class FixturesTest {

    @Test
    void readsTheBaseAsItsSafetensorsTwin() {
        try (var checkpoint = TorchCheckpoint.open(maskgitTiny("base.pth"));
                var twin = SafetensorsFile.open(maskgitTiny("base.safetensors"))) {
            var tensors = checkpoint.stateDict("model_state_dict", "state_dict");
            assertEquals(twin.names(), tensors.names());
            for (var name : twin.names()) {
                var wanted = twin.tensor(name);
                var got = tensors.tensor(name);
                assertEquals(wanted.dtype(), got.dtype(), name);
                assertEquals(wanted.shape(), got.shape(), name);
                assertEquals(-1, wanted.data().mismatch(got.data()), name);
            }
        }
    }

    @Test
    void readsTheShortcutFromTheRoot() {
        try (var checkpoint = TorchCheckpoint.open(maskgitTiny("shortcut.pth"))) {
            var tensors = checkpoint.stateDict("model_state_dict", "state_dict");
            assertEquals(List.of(32L, 64L), tensors.tensor("proj_in.weight").shape());
            assertTrue(tensors.find("blocks.0.cross_attn.fn.mha.in_proj_weight").isPresent());
        }
    }

    @Test
    void readsALightningCheckpointAroundItsForeignClass() {
        try (var checkpoint = TorchCheckpoint.open(maskgitTiny("vqgan-last.ckpt"))) {
            var callbacks = (Map<?, ?>) ((Map<?, ?>) checkpoint.root()).get("callbacks");
            assertTrue(callbacks.containsKey(
                    new ForeignObject("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")));
            var tensors = checkpoint.stateDict("state_dict");
            assertEquals(List.of(64L, 8L), tensors.tensor("quantize.embedding.weight").shape());
            for (var name : tensors.names()) {
                assertTrue(tensors.tensor(name).byteSize() > 0, name);
            }
        }
    }

    @Test
    void readsTheVqganConfiguration() {
        var parameters = Yaml.read(maskgitTiny("vqgan-model.yaml")).getObject("model").getObject("params");
        assertEquals(64, parameters.getInt("n_embed"));
        var decoder = parameters.getObject("ddconfig");
        assertEquals(List.of(1, 1, 2), decoder.getInts("ch_mult"));
        assertEquals(0.0, decoder.getDouble("dropout"));
        assertEquals(false, decoder.getBoolean("double_z"));
    }
}
