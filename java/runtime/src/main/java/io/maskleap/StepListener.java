package io.maskleap;

/** Hears of each step of a generation, on the thread that called {@code generate}. */
@FunctionalInterface
public interface StepListener {
    /** Hears nothing. */
    StepListener NONE = step -> { };

    /** A step is done. {@code step} is valid until this method returns. */
    void onStep(StepView step);
}
