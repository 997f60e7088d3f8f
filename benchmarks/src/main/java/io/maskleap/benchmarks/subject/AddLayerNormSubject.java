package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;

/** One call of our fused residual add and LayerNorm. */
public final class AddLayerNormSubject implements Subject {
    private final Cpu cpu;
    private final AddLayerNormCase operands;
    private final Tensor y;

    public AddLayerNormSubject(int rows, int channels, Library library, int threads, Dtype dtype) {
        cpu = new Cpu(library, threads);
        operands = new AddLayerNormCase(rows, channels, dtype, cpu.arena());
        y = cpu.tensor(dtype, rows, channels);
    }

    @Override
    public void run() {
        cpu.kernels().addLayerNorm(operands.residual(), operands.delta(), operands.gamma(), operands.beta(), y, AddLayerNormCase.EPS);
    }

    @Override
    public double verify() {
        var before = Values.floats(operands.residual());
        Values.fillWithNan(y);
        run();
        return operands.verify(before, Values.floats(y));
    }

    @Override
    public void close() {
        cpu.close();
    }
}
