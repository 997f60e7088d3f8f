package io.maskleap.benchmarks.libtorch;

import io.maskleap.benchmarks.subject.Subject;
import java.lang.foreign.Arena;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.InferenceMode;
import org.bytedeco.pytorch.Tensor;

/** A computation by libtorch: operations as a user would write them, without gradients, what they allocate freed at once. */
abstract class LibtorchSubject implements Subject {
    private final Arena arena = Arena.ofShared();
    private final InferenceMode inference = Libtorch.inference();

    /** For operands in host memory, until this is closed. */
    Arena arena() {
        return arena;
    }

    /** The operations; all tensors that they make are freed afterwards. */
    abstract void compute();

    @Override
    public final void run() {
        try (var _ = new PointerScope()) {
            compute();
        }
    }

    /** All elements of a tensor that a computation in a scope of its own makes. */
    static float[] floatsOf(Supplier<Tensor> computation) {
        try (var _ = new PointerScope()) {
            return Tensors.floats(computation.get());
        }
    }

    @Override
    public void close() {
        inference.close();
        arena.close();
    }
}
