package io.maskleap.tools;

import io.maskleap.weights.RawTensor;
import io.maskleap.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * A network on its way into a model folder.
 *
 * @param name    its key in the manifest, and the stem of its file
 * @param summary what was derived of it, for people
 * @param config  what the manifest says of it besides its file
 * @param weights the tensors that it took
 * @param leftOut tensors of the checkpoint that nobody knows
 */
record ImportedNetwork(String name, String summary, Map<String, Object> config, TakenTensors weights,
        List<String> leftOut) {

    /** The network's object in the manifest. */
    Map<String, Object> toJson() {
        var json = new LinkedHashMap<String, Object>();
        json.put("file", fileName());
        json.putAll(config);
        return json;
    }

    /** @param stored what is written of a tensor */
    void writeWeights(Path folder, UnaryOperator<RawTensor> stored) {
        SafetensorsWriter.write(folder.resolve(fileName()), weights.taken().stream().map(stored).toList(), Map.of());
    }

    private String fileName() {
        return name + ".safetensors";
    }
}
