package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.ModelFiles;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import io.maskleap.sampling.StepPlan;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.ScalarOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** A whole image by libtorch: the same steps, then the decoding, to bytes. */
public record ImagePeer(BenchmarkModel model) implements Peer {
    private static final String AND_CHANNELS_LAST = " + channels last";

    @Override
    public List<String> ways(Dtype dtype) {
        return AttentionWay.words(dtype).stream().flatMap(way -> List.of(way, way + AND_CHANNELS_LAST).stream()).toList();
    }

    @Override
    public boolean dependsOnBlas() {
        return true;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(this, dtype, way);
    }

    private static final class Computation extends LibtorchSubject {
        private static final int LABEL = 3;

        private final ImagePeer peer;
        private final Dtype dtype;
        private final AttentionWay way;
        private final BaseNetwork base;
        private final ShortcutNetwork shortcut;
        private final DecoderNetwork decoder;
        private final StepPlan plan;
        private final Tensor initialIds;
        private final Tensor allPositions;

        Computation(ImagePeer peer, Dtype dtype, String words) {
            this.peer = peer;
            this.dtype = dtype;
            boolean channelsLast = words.endsWith(AND_CHANNELS_LAST);
            way = AttentionWay.of(channelsLast ? words.substring(0, words.length() - AND_CHANNELS_LAST.length()) : words);
            try (var networks = new ModelFiles(peer.model, dtype)) {
                var config = networks.base();
                base = new BaseNetwork(config, networks.weights("base"), Tensors.dtype(dtype), way, config.layers());
                shortcut = new ShortcutNetwork(networks.shortcut(), base, networks.weights("shortcut"), way);
                decoder = new DecoderNetwork(networks.decoder(), networks.weights("decoder"), Tensors.dtype(dtype), channelsLast);
                plan = peer.model.plan(config.tokens());
                var ids = new int[2 * config.sequenceLength()];
                Arrays.fill(ids, config.maskId());
                ids[config.tokens()] = config.classId(LABEL);
                ids[ids.length - 1] = config.droppedClassId();
                initialIds = Tensors.indices(ids).view(2, config.sequenceLength());
                allPositions = Tensors.indices(IntStream.range(0, config.tokens()).toArray());
            }
        }

        @Override
        void compute() {
            image();
        }

        /** (height, width, 3) bytes. */
        private Tensor image() {
            var ids = initialIds.clone();
            Tensor feature = null;
            var fixed = new Generation.Fixed(null, null, allPositions);
            for (var step : plan.steps()) {
                var block = peer.model.block(plan, step);
                var moved = step.full() ? base.features(ids) : shortcut.features(feature, fixed.newIds(), fixed.newPositions(), shortcut.modulation(block.maskRatio()));
                if (feature != null) {
                    feature.close();
                }
                feature = moved;
                fixed = Generation.sample(base, feature, fixed.masked(), block, ids);
            }
            int grid = base.config().grid();
            var pixels = decoder.decode(ids.select(0, 0).narrow(0, 0, base.config().tokens()), grid);
            return Tensors.Flow.of(pixels).then(x -> Transformer.cast(x, ScalarType.Float))
                    .then(x -> x.clamp(new ScalarOptional(Tensors.scalar(-1)), new ScalarOptional(Tensors.scalar(1))))
                    .then(x -> x.add_(Tensors.scalar(1)).mul_(Tensors.scalar(127.5)).round_()).then(x -> x.to(ScalarType.Byte).permute(0, 2, 3, 1).contiguous())
                    .get();
        }

        /** Its random numbers are its own: each network is compared, and the image must be one. */
        @Override
        public double verify() {
            double error = 0;
            for (boolean full : new boolean[] {true, false}) {
                try (var step = new StepPeer(peer.model, full).open(dtype, way.toString())) {
                    error = Math.max(error, step.verify());
                }
            }
            try (var _ = new PointerScope()) {
                var bytes = Tensors.floats(image());
                if (IntStream.range(0, bytes.length).mapToObj(i -> bytes[i]).distinct().count() < 2) {
                    throw new IllegalStateException("image of " + peer.model + " has one colour");
                }
            }
            return error;
        }
    }
}
