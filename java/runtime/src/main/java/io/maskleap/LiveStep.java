package io.maskleap;

import io.maskleap.generation.Batch;
import io.maskleap.sampling.StepPlan;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Supplier;

/** The batch as it is between two steps. */
final class LiveStep implements StepView {
    private final Batch batch;
    private final StepPlan plan;
    private final StepPlan.Step step;
    private final int first;
    private boolean valid = true; // of the stream's thread, so that a read that waits there is refused too

    LiveStep(Batch batch, StepPlan plan, StepPlan.Step step, int first) {
        this.batch = batch;
        this.plan = plan;
        this.step = step;
        this.first = first;
    }

    private <T> T onDevice(Supplier<T> read) {
        return batch.stream().call(() -> {
            if (!valid) {
                throw new IllegalStateException("the step's view is valid only within onStep");
            }
            return read.get();
        });
    }

    /** Refuses what is asked from now on. */
    void end() {
        try {
            batch.stream().run(() -> valid = false);
        } catch (IllegalStateException closed) {
            // The listener closed the model, and with it the device: nothing can be read any more.
        }
    }

    @Override
    public int firstImage() {
        return first;
    }

    @Override
    public int images() {
        return onDevice(batch::images);
    }

    @Override
    public int index() {
        return step.index();
    }

    @Override
    public int steps() {
        return plan.steps().size();
    }

    @Override
    public boolean full() {
        return step.full();
    }

    @Override
    public float maskRatio() {
        return (float) step.masked() / plan.tokens();
    }

    @Override
    public int[] codes() {
        return onDevice(batch::codes);
    }

    @Override
    public int[] sampled() {
        return onDevice(batch::sampled);
    }

    @Override
    public boolean[] fixed() {
        return onDevice(batch::fixed);
    }

    @Override
    public float[] features() {
        return onDevice(batch::featuresByCondition);
    }

    @Override
    public float[] guidedLogits() {
        return onDevice(() -> batch.guidedLogits(step));
    }

    @Override
    public List<RgbImage> previews() {
        return onDevice(this::decodeGuesses);
    }

    private List<RgbImage> decodeGuesses() {
        var codes = batch.codes();
        var sampled = batch.sampled();
        for (int i = 0; i < codes.length; i++) {
            codes[i] = codes[i] < 0 ? sampled[i] : codes[i];
        }
        int tokens = plan.tokens();
        var images = new ArrayList<RgbImage>();
        for (int b = 0; b < batch.images(); b++) {
            images.add(RgbImage.square(batch.decode(Arrays.copyOfRange(codes, b * tokens, (b + 1) * tokens))));
        }
        return images;
    }
}
