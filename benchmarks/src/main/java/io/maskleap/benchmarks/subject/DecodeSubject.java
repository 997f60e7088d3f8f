package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import io.maskleap.network.VqganConfig;
import io.maskleap.network.VqganDecoder;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** Our decoding of one image: codes to pixels, before they are rounded to bytes. */
public final class DecodeSubject implements Subject {
    private static final long SEED = 6;

    private final BenchmarkModel model;
    private final int grid;
    private final Dtype dtype;
    private final Cpu cpu;
    private final ModelFiles networks;
    private final VqganDecoder decoder;
    private final VqganDecoder.Activations activations;
    private final MemorySegment codes;
    private Tensor pixels;

    /** @param grid codes on a side, which need not be the model's own */
    public DecodeSubject(BenchmarkModel model, int grid, Library library, int threads, Dtype dtype) {
        this.model = model;
        this.grid = grid;
        this.dtype = dtype;
        cpu = new Cpu(library, threads);
        networks = new ModelFiles(model, dtype);
        decoder = new VqganDecoder(cpu.context(), networks.decoder(), networks.weights("decoder"), dtype);
        activations = cpu.take(room -> new VqganDecoder.Activations(room, decoder, grid));
        codes = cpu.ints(codes(decoder.config(), grid));
    }

    /** (grid, grid): the codes that every library decodes. */
    public static int[] codes(VqganConfig config, int grid) {
        var random = new SplittableRandom(SEED);
        return IntStream.range(0, grid * grid).map(_ -> random.nextInt(config.codebook())).toArray();
    }

    /** Operations of the decoder. */
    public static Work work(BenchmarkModel model, int grid, Dtype dtype) {
        try (var networks = new ModelFiles(model, dtype)) {
            return new Work(NetworkWork.decoder(networks.decoder(), grid), 0);
        }
    }

    @Override
    public void run() {
        pixels = decoder.decode(cpu.stream(), codes, grid, activations);
    }

    /** The pixels are compared with libtorch's in float32. */
    @Override
    public double verify() {
        run();
        return Reference.image(model, grid).require(dtype, Values.floats(pixels));
    }

    @Override
    public void close() {
        networks.close();
        cpu.close();
    }
}
