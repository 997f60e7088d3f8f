package io.maskleap.kernel;

/** What follows a linear layer. */
public enum Activation {
    NONE,
    /** x * (1 + erf(x / sqrt(2))) / 2. Source: Hendrycks and Gimpel 2016. */
    GELU_ERF,
    /** x * sigmoid(x). */
    SILU
}
