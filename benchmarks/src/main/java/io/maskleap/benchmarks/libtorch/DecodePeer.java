package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.DecodeSubject;
import io.maskleap.benchmarks.subject.ModelFiles;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Reference;
import io.maskleap.benchmarks.subject.Subject;
import io.maskleap.kernel.Dtype;
import java.util.List;
import org.bytedeco.pytorch.Tensor;

/** The decoding of one image by libtorch, in either memory format. */
public record DecodePeer(BenchmarkModel model, int grid) implements Peer {
    private static final String CHANNELS_LAST = "channels last";
    private static final String CHANNELS_FIRST = "channels first";

    @Override
    public List<String> ways(Dtype dtype) {
        return List.of(CHANNELS_LAST, CHANNELS_FIRST);
    }

    /** Only in its attention. */
    @Override
    public boolean dependsOnBlas() {
        return true;
    }

    @Override
    public Subject open(Dtype dtype, String way) {
        return new Computation(this, dtype, way.equals(CHANNELS_LAST));
    }

    /** As {@link StepPeer#reference}. */
    List<float[]> reference() {
        try (var decoding = new Computation(this, Dtype.F32, true)) {
            return List.of(decoding.pixels());
        }
    }

    private static final class Computation extends LibtorchSubject {
        private final DecodePeer peer;
        private final Dtype dtype;
        private final DecoderNetwork decoder;
        private final Tensor codes;

        Computation(DecodePeer peer, Dtype dtype, boolean channelsLast) {
            this.peer = peer;
            this.dtype = dtype;
            try (var networks = new ModelFiles(peer.model, dtype)) {
                decoder = new DecoderNetwork(networks.decoder(), networks.weights("decoder"), Tensors.dtype(dtype), channelsLast);
                codes = Tensors.indices(DecodeSubject.codes(networks.decoder(), peer.grid));
            }
        }

        @Override
        void compute() {
            decoder.decode(codes, peer.grid);
        }

        /** (height * width, 3). */
        float[] pixels() {
            return floatsOf(() -> decoder.decode(codes, peer.grid).permute(0, 2, 3, 1));
        }

        @Override
        public double verify() {
            return Reference.image(peer.model, peer.grid).require(dtype, pixels());
        }
    }
}
