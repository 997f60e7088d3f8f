package io.maskleap;

import java.util.List;

/**
 * A batch just after one of its steps. Valid only within {@link StepListener#onStep}; what costs something is computed
 * when asked for.
 */
public interface StepView {
    /** Which image of the request is the batch's first. */
    int firstImage();

    /** Images of the batch. */
    int images();

    /** The step's number, from 0. */
    int index();

    /** How many steps the plan has. */
    int steps();

    /** Whether the base network ran; otherwise the shortcut did. */
    boolean full();

    /** Part of the tokens that was masked before the step. */
    float maskRatio();

    /** (images, tokens) codes after the step, -1 where still masked. */
    int[] codes();

    /** (images, tokens) what the step drew, -1 where the token was not masked any more. */
    int[] sampled();

    /** (images, tokens) which tokens the step fixed. */
    boolean[] fixed();

    /** (sequences, T, C) features of the step: all conditional sequences, then all unconditional ones. */
    float[] features();

    /** (images, tokens, K) guided logits with the head's bias, of all tokens, masked or not. */
    float[] guidedLogits();

    /** What the images would be if the codes that the step drew were all fixed. */
    List<RgbImage> previews();
}
