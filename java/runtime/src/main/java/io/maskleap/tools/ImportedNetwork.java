package io.maskleap.tools;

import io.maskleap.weights.SafetensorsWriter;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

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

    void writeWeights(Path folder) {
        SafetensorsWriter.write(folder.resolve(fileName()), weights.taken(), Map.of());
    }

    private String fileName() {
        return name + ".safetensors";
    }
}
