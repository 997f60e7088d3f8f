package io.maskleap;

import io.maskleap.error.DeviceException;
import io.maskleap.error.MaskleapException;
import io.maskleap.generation.Batch;
import io.maskleap.sampling.SamplingSettings;
import io.maskleap.sampling.StepPlan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Working memory for generating images with a model. It is used by one thread at a time; another that calls waits.
 */
public final class Session implements AutoCloseable {
    private final Model model;
    private final int maxImages;
    private final Batch batch;
    private final ReentrantLock lock = new ReentrantLock();
    private volatile boolean cancelled;
    private volatile boolean closed;
    private volatile QueueTimes queueTimes = QueueTimes.NONE;
    private boolean freed;

    Session(Model model, int maxImages) {
        this.model = model;
        this.maxImages = maxImages;
        this.batch = Batch.of(model.device(), model.networks(), maxImages);
    }

    /** As {@link #generate(Request, StepListener)}, unheard. */
    public List<GeneratedImage> generate(Request request) {
        return generate(request, StepListener.NONE);
    }

    /**
     * Generates the request's images, batch by batch.
     *
     * @return in order: the images of the first class, of the second, ...
     * @throws MaskleapException  where the request cannot be fulfilled; nothing has run then
     * @throws CancelledException where {@link #cancel} or {@link #close} came before it was done
     * @throws DeviceException    where the device failed or has too little memory; the session is closed then, and the model is usable
     */
    public List<GeneratedImage> generate(Request request, StepListener listener) {
        lock.lock();
        try {
            requireOpen();
            cancelled = false;
            return new Generation(request).run(listener);
        } catch (DeviceException e) {
            closed = true; // what its stream holds is not to be trusted; the model is usable
            throw e;
        } finally {
            try {
                if (closed) {
                    free();
                }
            } finally {
                lock.unlock();
            }
        }
    }

    /**
     * What queueing steps has cost so far; of generations without a listener, on a device that queues them. On the CPU, nothing. Ask between generations.
     */
    public QueueTimes queueTimes() {
        return queueTimes;
    }

    /** Ends the generation that is running, if one is, within two steps. From any thread. */
    public void cancel() {
        cancelled = true;
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the session is closed");
        }
    }

    /** Frees the session's memory; a generation that is running is cancelled and, but from its own listener, waited for. */
    @Override
    public void close() {
        closed = true;
        if (!lock.isHeldByCurrentThread()) {
            lock.lock();
            try {
                free();
            } finally {
                lock.unlock();
            }
        }
    }

    private void free() {
        if (!freed) {
            freed = true;
            try {
                batch.close();
            } finally {
                model.forget(this);
            }
        }
    }

    /** A request, checked and resolved against the model. */
    private final class Generation {
        private final Request request;
        private final GenerationSettings settings;
        private final SamplingSettings sampling;
        private final StepPlan plan;
        private final int[] labels;

        private Generation(Request request) {
            this.request = request;
            var info = model.info();
            settings = request.settings(info.defaults(), info.hasShortcut());
            sampling = settings.sampling();
            plan = StepPlan.of(settings.schedule(), settings.steps(), settings.budget(), info.tokens());
            if (plan.usesShortcut() && !info.hasShortcut()) {
                throw new MaskleapException("budget is " + settings.budget() + " of " + settings.steps() + " steps, but model " + info.name()
                        + " has no shortcut; ask for full steps only");
            }
            labels = request.labels(info).flatMap(label -> Arrays.stream(repeated(label, request.count()))).toArray();
            if (labels.length == 0) {
                throw new MaskleapException("the request names no class");
            }
            if (request.uniforms().isPresent() && labels.length > maxImages) {
                throw new MaskleapException("recorded uniforms are for one batch, but " + labels.length + " images are asked of a session of " + maxImages);
            }
        }

        private static int[] repeated(int label, int count) {
            var labels = new int[count];
            Arrays.fill(labels, label);
            return labels;
        }

        private List<GeneratedImage> run(StepListener listener) {
            var images = new ArrayList<GeneratedImage>(labels.length);
            for (int first = 0; first < labels.length; first += maxImages) {
                images.addAll(runBatch(first, Math.min(maxImages, labels.length - first), listener));
            }
            return images;
        }

        private List<GeneratedImage> runBatch(int first, int count, StepListener listener) {
            var batchLabels = Arrays.copyOfRange(labels, first, first + count);
            var seeds = new long[count];
            Arrays.setAll(seeds, b -> seed(first + b));
            var stream = batch.stream();
            stream.run(() -> batch.begin(batchLabels, seeds, plan, sampling));
            if (listener == StepListener.NONE && request.uniforms().isEmpty()) {
                for (int done = 0; done < plan.steps().size();) {
                    int next = done;
                    done = stream.call(() -> steps(next));
                }
            } else {
                for (var step : plan.steps()) {
                    stopIfAsked();
                    stream.run(() -> request.uniforms().ifPresentOrElse(uniforms -> batch.step(step, uniforms.of(step.index())), () -> batch.step(step)));
                    tell(listener, step, first);
                }
            }
            stopIfAsked();
            return stream.call(() -> finished(first, count));
        }

        /**
         * The steps from {@code next} on, handed over at once: the device must not wait for the caller's thread to wake up. Where others wait for the
         * stream's thread, as sessions on the CPU do, they get their turn after a step.
         *
         * @return the step that is next then
         */
        private int steps(int next) {
            var stream = batch.stream();
            long start = System.nanoTime();
            long waitedBefore = stream.waitedNanos();
            int i = next;
            do {
                stopIfAsked();
                batch.step(plan.steps().get(i++));
            } while (i < plan.steps().size() && !stream.isWanted());
            if (stream.isQueue()) {
                long waited = stream.waitedNanos() - waitedBefore;
                queueTimes = queueTimes.plus(new QueueTimes(i - next, Duration.ofNanos(System.nanoTime() - start - waited), Duration.ofNanos(waited)));
            }
            return i;
        }

        private void tell(StepListener listener, StepPlan.Step step, int first) {
            if (listener != StepListener.NONE) {
                var view = new LiveStep(batch, plan, step, first);
                try {
                    listener.onStep(view);
                } finally {
                    view.end();
                }
            }
        }

        private List<GeneratedImage> finished(int first, int count) {
            var tokens = model.info().tokens();
            var codes = batch.codes();
            var images = new ArrayList<GeneratedImage>(count);
            for (int b = 0; b < count; b++) {
                int label = labels[first + b];
                images.add(new GeneratedImage(RgbImage.square(batch.decode(b)), model.info().name(), label, model.info().className(label), seed(first + b), settings,
                        Arrays.copyOfRange(codes, b * tokens, (b + 1) * tokens)));
            }
            return images;
        }

        private long seed(int image) {
            return request.seed() + image;
        }

        private void stopIfAsked() {
            if (cancelled || closed) {
                throw new CancelledException();
            }
        }
    }
}
