package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.ModelFiles;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Reference;
import io.maskleap.benchmarks.subject.StepInputs;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.StepBlock;
import java.util.List;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/** One step of a generation by libtorch: base network or shortcut, head on the masked rows, draw and selection. */
public record StepPeer(BenchmarkModel model, boolean full) implements Peer {

    @Override
    public List<String> ways(Dtype dtype) {
        return AttentionWay.words(dtype);
    }

    @Override
    public boolean dependsOnBlas() {
        return true;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(this, dtype, AttentionWay.of(way), Integer.MAX_VALUE);
    }

    /** One layer tells ways apart as well as all. */
    @Override
    public Subject openTrial(Dtype dtype, String way) {
        return new Computation(this, dtype, AttentionWay.of(way), 1);
    }

    /** In the calling thread, with libtorch started: what others are compared with. */
    List<float[]> reference() {
        try (var step = new Computation(this, Dtype.F32, AttentionWay.FUSED, Integer.MAX_VALUE)) {
            return step.results();
        }
    }

    private static final class Computation extends LibtorchSubject {
        private final StepPeer peer;
        private final Dtype dtype;
        private final BaseNetwork base;
        private final ShortcutNetwork shortcut;
        private final Tensor ids;
        private final Tensor masked;
        private final Tensor newIds;
        private final Tensor newPositions;
        private final StepBlock block;
        private final Tensor modulation;
        private Tensor feature;

        Computation(StepPeer peer, Dtype dtype, AttentionWay way, int mostLayers) {
            this.peer = peer;
            this.dtype = dtype;
            try (var networks = new ModelFiles(peer.model, dtype)) {
                var config = networks.base();
                base = new BaseNetwork(config, networks.weights("base"), Tensors.dtype(dtype), way, Math.min(config.layers(), mostLayers));
                shortcut = peer.full ? null : new ShortcutNetwork(networks.shortcut(), base, networks.weights("shortcut"), way);
                var inputs = StepInputs.of(peer.model, config);
                ids = Tensors.indices(inputs.ids()).view(2, config.sequenceLength());
                masked = Tensors.indices(inputs.masked());
                newIds = Tensors.indices(inputs.newIds());
                newPositions = Tensors.indices(inputs.newPositions());
                block = inputs.block();
                modulation = peer.full ? null : shortcut.modulation(block.maskRatio());
                feature = Tensor.create(inputs.feature(), 2, config.sequenceLength(), config.channels());
            }
        }

        private Tensor features() {
            return peer.full ? base.features(ids) : shortcut.features(feature, newIds, newPositions, modulation);
        }

        /** Features move on from run to run, as in a generation: their memory outlives the operations'. */
        @Override
        void compute() {
            var moved = features();
            feature.copy_(moved);
            moved.close();
            Generation.sample(base, feature, masked, block, ids.clone());
        }

        /** Features and logits. */
        List<float[]> results() {
            try (var _ = new PointerScope()) {
                var moved = features();
                return List.of(Tensors.floats(moved), Tensors.floats(base.logits(moved, masked)));
            }
        }

        @Override
        public double verify() {
            var results = results();
            run();
            return Reference.step(peer.model, peer.full).require(dtype, results.toArray(float[][]::new));
        }
    }
}
