package io.maskleap.tools;

import io.maskleap.weights.TensorSource;
import java.nio.file.Path;
import java.util.List;

/**
 * What is in a model folder, a safetensors file or a checkpoint.
 *
 * @param path     what was inspected
 * @param kind     what it is, for people
 * @param networks of a model folder its networks; of a file one, with all its tensors
 */
public record FileReport(Path path, String kind, List<NetworkReport> networks) {

    public FileReport {
        networks = List.copyOf(networks);
    }

    /**
     * Tensors that belong together.
     *
     * @param name       such as {@code base}
     * @param summary    their sizes, for people
     * @param parameters elements of all tensors
     * @param bytes      of all tensors, as they are stored
     */
    public record NetworkReport(String name, String summary, long parameters, long bytes, List<TensorReport> tensors) {

        public NetworkReport {
            tensors = List.copyOf(tensors);
        }

        static NetworkReport of(String name, String summary, TensorSource source) {
            var tensors = source.names().stream().map(source::tensor).toList();
            return new NetworkReport(name, summary,
                    tensors.stream().mapToLong(tensor -> tensor.elementCount()).sum(),
                    tensors.stream().mapToLong(tensor -> tensor.byteSize()).sum(),
                    tensors.stream().map(tensor -> new TensorReport(tensor.name(), tensor.dtype().safetensorsName(),
                            tensor.shape(), tensor.byteSize())).toList());
        }
    }

    /**
     * One tensor.
     *
     * @param dtype as it is stored, by its safetensors name
     * @param shape outermost dimension first
     */
    public record TensorReport(String name, String dtype, List<Long> shape, long bytes) {
    }
}
