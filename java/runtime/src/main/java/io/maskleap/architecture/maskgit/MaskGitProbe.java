package io.maskleap.architecture.maskgit;

import static io.maskleap.kernel.Dtype.F32;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.maskleap.architecture.Probe;
import io.maskleap.device.DeviceContext;
import io.maskleap.device.DeviceStream;
import io.maskleap.device.Workspace;
import io.maskleap.kernel.StepBlock;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.NewTokens;
import io.maskleap.network.Sequences;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.Function;

/** The networks of a MaskGIT one by one. It allocates what it needs in each call. The last token of a sequence is the class token. */
final class MaskGitProbe implements Probe {
    private final DeviceContext device;
    private final MaskGitNetworks networks;
    private final MaskGitConfig config;

    MaskGitProbe(DeviceContext device, MaskGitNetworks networks) {
        this.device = device;
        this.networks = networks;
        this.config = networks.base().config();
    }

    /** A stream and memory for one call, and the sequences in it. */
    private final class Call implements AutoCloseable {
        private static final long BYTES_OF_OFFSETS = 4096;

        private final Arena arena = Arena.ofShared();
        private final DeviceStream stream = device.newStream();
        private final int count;
        private Sequences sequences;

        private Call(int count) {
            this.count = count;
        }

        /** What {@code work} makes of the call, on the stream's thread. */
        private <T> T run(Function<Call, T> work) {
            return stream.call(() -> {
                long bytes = BYTES_OF_OFFSETS + 2L * Integer.BYTES * (count + 1);
                sequences = new Sequences(workspace(bytes), count, 1, config.sequenceLength()).of(stream, count, 1);
                return work.apply(this);
            });
        }

        private Workspace workspace(long bytes) {
            return Workspace.in(device.allocate(arena, bytes));
        }

        /** Memory for what {@code layout} takes of a workspace. */
        private <T> T take(Function<Workspace, T> layout) {
            var measuring = Workspace.measuring();
            layout.apply(measuring);
            return layout.apply(workspace(measuring.used()));
        }

        private Tensor floats(long rows, long columns) {
            return Tensor.of(device.allocate(arena, rows * columns * Float.BYTES), F32, rows, columns);
        }

        private Tensor features() {
            return floats(sequences.rows(), config.channels());
        }

        private Tensor features(float[] values) {
            var tensor = features();
            requireElements("features", values.length, tensor.rows() * tensor.columns());
            stream.write(tensor.data(), host -> MemorySegment.copy(values, 0, host, JAVA_FLOAT, 0, values.length));
            return tensor;
        }

        private MemorySegment ints(int[] values) {
            var memory = device.allocate(arena, Math.max(1, values.length) * (long) Integer.BYTES);
            stream.write(memory, host -> MemorySegment.copy(values, 0, host, JAVA_INT, 0, values.length));
            return memory;
        }

        private float[] read(Tensor tensor) {
            return stream.read(tensor.data(), host -> host.toArray(JAVA_FLOAT));
        }

        @Override
        public void close() {
            stream.close();
            arena.close();
        }
    }

    /** What {@code work} makes of a call on {@code count} sequences. */
    private <T> T call(int count, Function<Call, T> work) {
        try (var call = new Call(count)) {
            return call.run(work);
        }
    }

    @Override
    public float[] features(int[] codes, int[] labels, boolean[] dropped) {
        int count = labels.length;
        requireElements("codes", codes.length, (long) count * config.tokens());
        requireElements("dropped", dropped.length, count);
        requireSequences(count);
        for (int label : labels) {
            if (label < 0 || label >= config.classes()) {
                throw new IllegalArgumentException("label " + label + ", wanted 0 to " + (config.classes() - 1));
            }
        }
        return call(count, call -> {
            var ids = new int[count * config.sequenceLength()];
            for (int s = 0; s < count; s++) {
                System.arraycopy(codes, s * config.tokens(), ids, s * config.sequenceLength(), config.tokens());
                ids[(s + 1) * config.sequenceLength() - 1] = dropped[s] ? config.droppedClassId() : config.classId(labels[s]);
            }
            var activations = call.take(workspace -> new MaskGit.Activations(workspace, networks.base(), call.sequences.rows()));
            var feature = call.features();
            networks.base().forward(call.stream, call.ints(ids), call.sequences, activations, feature);
            return call.read(feature);
        });
    }

    @Override
    public float[] logits(float[] features) {
        int count = sequences(features);
        int tokens = config.tokens();
        int K = config.codebook();
        return call(count, call -> {
            var positions = new int[count * tokens];
            for (int i = 0; i < positions.length; i++) {
                positions[i] = i % tokens;
            }
            var step = device.allocate(call.arena, StepBlock.BYTES);
            call.stream.write(step, new StepBlock(0, tokens, 0, StepBlock.Confidence.PROBABILITY, 1, 0, 1, 1, 0)::writeTo);
            long rows = (long) count * tokens;
            var headRows = call.take(workspace -> new MaskGit.HeadRows(workspace, networks.base(), rows));
            var logits = call.floats(rows, K);
            networks.base().logits(call.stream, call.features(features), call.sequences, call.ints(positions), step, tokens, headRows, logits);
            var out = call.read(logits);
            var bias = networks.base().headBias();
            return call.stream.read(bias.data(), host -> {
                for (int i = 0; i < out.length; i++) {
                    out[i] += host.getAtIndex(JAVA_FLOAT, i / K % tokens * bias.stride() + i % K);
                }
                return out;
            });
        });
    }

    @Override
    public float[] shortcut(float[] features, int[] newIds, boolean[] newMap, float[] maskRatios) {
        var shortcut = networks.shortcut().orElseThrow(() -> new IllegalStateException("the model has no shortcut"));
        int count = sequences(features);
        int n = newIds.length / count;
        requireElements("new ids", newIds.length, (long) count * n);
        requireElements("new token map", newMap.length, (long) count * config.sequenceLength());
        requireElements("mask ratios", maskRatios.length, count);
        return call(count, call -> {
            var counts = new int[count];
            Arrays.fill(counts, n);
            var offsets = new int[count];
            Arrays.setAll(offsets, s -> s * n);
            var ratios = call.floats(count, 1);
            call.stream.write(ratios.data(), host -> MemorySegment.copy(maskRatios, 0, host, JAVA_FLOAT, 0, count));
            var activations = call.take(workspace -> new MaskGitShortcut.Activations(workspace, shortcut, call.sequences.rows(), newIds.length));
            var modulations = call.take(workspace -> new MaskGitShortcut.Modulations(workspace, shortcut, count));
            if (shortcut.embedsTime()) {
                shortcut.modulations(call.stream, ratios.data(), count, modulations);
            }
            var feature = call.features(features);
            var countsOnDevice = call.ints(counts);
            var newTokens = new NewTokens(call.ints(newIds), call.ints(positions(newMap, count, n)), countsOnDevice, call.ints(offsets),
                    countsOnDevice, n, n);
            shortcut.forward(call.stream, feature, call.sequences, newTokens, modulations.rows(0, count), activations);
            return call.read(feature);
        });
    }

    /** (B, n): the set entries of each row, ascending. */
    private int[] positions(boolean[] map, int count, int n) {
        var positions = new int[count * n];
        for (int s = 0; s < count; s++) {
            int found = 0;
            for (int t = 0; t < config.sequenceLength(); t++) {
                if (map[s * config.sequenceLength() + t]) {
                    if (found < n) {
                        positions[s * n + found] = t;
                    }
                    found++;
                }
            }
            requireElements("new tokens marked in row " + s, found, n);
        }
        return positions;
    }

    @Override
    public float[] decode(int[] codes) {
        int tokens = config.tokens();
        int count = codes.length / tokens;
        requireElements("codes", codes.length, (long) count * tokens);
        int side = networks.decoder().config().imageSize(config.grid());
        int plane = side * side;
        return call(count, call -> {
            var activations = call.take(workspace -> new VqganDecoder.Activations(workspace, networks.decoder(), config.grid()));
            var float32 = call.floats(plane, VqganConfig.RGB);
            var memory = call.ints(codes);
            var out = new float[count * VqganConfig.RGB * plane];
            for (int b = 0; b < count; b++) {
                int first = b * VqganConfig.RGB * plane;
                var decoded = networks.decoder().decode(call.stream, memory.asSlice((long) b * tokens * Integer.BYTES), config.grid(), activations);
                call.stream.kernels().convert(decoded, float32);
                var pixels = call.read(float32);
                for (int i = 0; i < pixels.length; i++) {
                    out[first + i % VqganConfig.RGB * plane + i / VqganConfig.RGB] = pixels[i];
                }
            }
            return out;
        });
    }

    private int sequences(float[] features) {
        int elements = config.sequenceLength() * config.channels();
        int count = features.length / elements;
        requireElements("features", features.length, (long) count * elements);
        requireSequences(count);
        return count;
    }

    private static void requireSequences(int count) {
        if (count < 1) {
            throw new IllegalArgumentException("no sequences, wanted at least 1");
        }
    }

    private static void requireElements(String name, long got, long wanted) {
        if (got != wanted) {
            throw new IllegalArgumentException(name + ": " + got + ", wanted " + wanted);
        }
    }
}
