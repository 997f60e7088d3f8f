package io.maskleap.benchmarks.subject;

import io.maskleap.Model;
import io.maskleap.Request;
import io.maskleap.Session;
import io.maskleap.kernel.Dtype;
import java.util.Arrays;

/** A whole image by a session of ours: request in, pixels out. */
public final class ImageSubject implements Subject {
    private static final int LABEL = 3;
    private static final long SEED = 7;

    private final BenchmarkModel model;
    private final Library library;
    private final int threads;
    private final Dtype dtype;
    private final Model opened;
    private final Session session;
    private final Request request;

    /** In {@code steps} steps, {@code budget} of which are full. */
    public ImageSubject(BenchmarkModel model, int steps, int budget, Library library, int threads, Dtype dtype) {
        this.model = model;
        this.library = library;
        this.threads = threads;
        this.dtype = dtype;
        opened = Model.open(model.folder(dtype), library.device(threads), BenchmarkModel.precision(dtype));
        session = opened.newSession();
        request = Request.ofClass(LABEL).seed(SEED).steps(steps).budget(budget);
        Facts.put("library", opened.deviceDescription());
    }

    /** Operations of all steps and the decoding. */
    public static Work work(BenchmarkModel model, int steps, int budget, Dtype dtype) {
        int grid;
        try (var networks = new ModelFiles(model, dtype)) {
            grid = networks.base().grid();
        }
        return DecodeSubject.work(model, grid, dtype).plus(StepSubject.work(model, true, dtype), budget)
                .plus(StepSubject.work(model, false, dtype), (double) steps - budget);
    }

    @Override
    public void run() {
        session.generate(request);
    }

    /** Each network is compared with libtorch's in float32, and two images of one seed with each other. */
    @Override
    public double verify() {
        double error = 0;
        for (boolean full : new boolean[] {true, false}) {
            try (var step = new StepSubject(model, full, library, threads, dtype)) {
                error = Math.max(error, step.verify());
            }
        }
        try (var decode = new DecodeSubject(model, opened.info().grid(), library, threads, dtype)) {
            error = Math.max(error, decode.verify());
        }
        if (!Arrays.equals(pixels(), pixels())) {
            throw new IllegalStateException("two images of " + model + " with the same seed differ");
        }
        return error;
    }

    private byte[] pixels() {
        return session.generate(request).getFirst().image().rgb();
    }

    @Override
    public void close() {
        session.close();
        opened.close();
    }
}
