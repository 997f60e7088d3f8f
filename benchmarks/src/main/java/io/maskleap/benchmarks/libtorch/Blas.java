package io.maskleap.benchmarks.libtorch;

/** What libtorch multiplies float32 matrices with. */
public enum Blas {
    MKL("MKL"),
    OPENBLAS("OpenBLAS");

    private final String word;

    Blas(String word) {
        this.word = word;
    }

    @Override
    public String toString() {
        return word;
    }
}
