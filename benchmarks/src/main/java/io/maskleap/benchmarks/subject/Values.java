package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;

/** Elements of tensors in host memory, as float32 whatever their dtype. */
final class Values {
    private Values() {
    }

    static float get(Tensor tensor, long row, long column) {
        long index = row * tensor.stride() + column;
        return switch (tensor.dtype()) {
            case F32 -> tensor.data().getAtIndex(ValueLayout.JAVA_FLOAT, index);
            case BF16 -> Float.intBitsToFloat(tensor.data().getAtIndex(ValueLayout.JAVA_SHORT, index) << Short.SIZE);
        };
    }

    static float roundToBfloat16(float value) {
        return Float.intBitsToFloat(bfloat16(value) << Short.SIZE);
    }

    static void set(Tensor tensor, long row, long column, float value) {
        long index = row * tensor.stride() + column;
        switch (tensor.dtype()) {
            case F32 -> tensor.data().setAtIndex(ValueLayout.JAVA_FLOAT, index, value);
            case BF16 -> tensor.data().setAtIndex(ValueLayout.JAVA_SHORT, index, bfloat16(value));
        }
    }

    /** The nearest bfloat16, ties to even, of a value that is finite or the usual NaN. */
    private static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return (short) (bits + 0x7FFF + (bits >>> Short.SIZE & 1) >>> Short.SIZE);
    }

    /** Fills {@code tensor} with normal numbers of this deviation: zeros would run faster than real data. */
    static Tensor fillNormal(Tensor tensor, long seed, double deviation) {
        var random = new SplittableRandom(seed);
        for (long row = 0; row < tensor.rows(); row++) {
            for (long column = 0; column < tensor.columns(); column++) {
                set(tensor, row, column, (float) (random.nextGaussian() * deviation));
            }
        }
        return tensor;
    }

    /** Makes sure that what is read of {@code tensor} later has been written there. */
    static void fillWithNan(Tensor tensor) {
        for (long row = 0; row < tensor.rows(); row++) {
            for (long column = 0; column < tensor.columns(); column++) {
                set(tensor, row, column, Float.NaN);
            }
        }
    }

    /** All elements, row by row. */
    static float[] floats(Tensor tensor) {
        var values = new float[Math.toIntExact(tensor.rows() * tensor.columns())];
        for (int i = 0; i < values.length; i++) {
            values[i] = get(tensor, i / tensor.columns(), i % tensor.columns());
        }
        return values;
    }

    /** Copies {@code values} into a tensor without gaps. */
    static Tensor fill(Tensor tensor, float[] values) {
        for (int i = 0; i < values.length; i++) {
            set(tensor, i / tensor.columns(), i % tensor.columns(), values[i]);
        }
        return tensor;
    }
}
