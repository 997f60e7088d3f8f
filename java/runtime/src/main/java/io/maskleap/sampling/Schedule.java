package io.maskleap.sampling;

/**
 * How the tokens of an image are shared out among the steps: a function v(r) of the remaining part r = 1 .. 0, whose value
 * at each step is proportional to the number of tokens that the step fixes. Source: Chang et al. 2022 (MaskGIT), section 3.2.
 */
public enum Schedule {
    ARCCOS,
    /** 1 - sqrt(r). */
    ROOT,
    /** 1 - r. */
    LINEAR,
    /** 1 - r^2. */
    SQUARE,
    COSINE;

    private float weight(float r) {
        return switch (this) {
            case ARCCOS -> (float) Math.acos(r) / (float) (Math.PI / 2);
            case ROOT -> 1 - (float) Math.sqrt(r);
            case LINEAR -> 1 - r;
            case SQUARE -> 1 - r * r;
            case COSINE -> (float) Math.cos(r * (float) (Math.PI / 2));
        };
    }

    /**
     * The number of tokens that each step fixes, in the reference's float32 arithmetic. At least 1 for each step until no
     * token is left; steps that find none left are 0.
     *
     * @param steps  N, at least 1
     * @param tokens tokens of one image
     * @return N counts whose sum is {@code tokens}
     */
    public int[] tokensPerStep(int steps, int tokens) {
        if (steps == 1) {
            return new int[] {tokens};
        }
        var weights = new float[steps];
        float sum = 0;
        for (int i = 0; i < steps; i++) {
            weights[i] = weight(remainingPart(i, steps));
            sum += weights[i];
        }
        var counts = new int[steps];
        int left = tokens;
        for (int i = 0; i < steps; i++) {
            int wanted = i == steps - 1 ? left : Math.max(1, (int) Math.rint(weights[i] / sum * tokens));
            counts[i] = Math.min(wanted, left);
            left -= counts[i];
        }
        return counts;
    }

    /** Element i of N evenly spaced ones from 1 to 0, computed from the nearer end, in float32. */
    private static float remainingPart(int i, int steps) {
        float step = -1f / (steps - 1);
        return i < steps / 2 ? 1 + step * i : -step * (steps - 1 - i);
    }
}
