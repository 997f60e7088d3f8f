package io.maskleap.benchmarks.subject;

import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Heads;
import io.maskleap.kernel.Raggedness;
import io.maskleap.kernel.Tensor;
import java.util.stream.IntStream;

/** One call of our attention or cross-attention. */
public final class AttentionSubject implements Subject {
    private final Cpu cpu;
    private final AttentionCase operands;
    private final Heads heads;
    private final Raggedness raggedness;
    private final Tensor out;

    public AttentionSubject(AttentionShape shape, Library library, int threads, Dtype dtype) {
        cpu = new Cpu(library, threads);
        operands = new AttentionCase(shape, dtype, cpu.arena());
        heads = Heads.of(shape.heads(), shape.headDim());
        raggedness = new Raggedness(cpu.ints(starts(shape.sequences() + 1, shape.queries())), cpu.ints(starts(shape.sequences(), shape.keys())),
                cpu.ints(IntStream.range(0, shape.sequences()).map(_ -> shape.keys()).toArray()), shape.sequences(), shape.queries(), shape.keys());
        out = cpu.tensor(dtype, operands.queries().rows(), shape.channels());
    }

    private static int[] starts(int count, int rows) {
        return IntStream.range(0, count).map(s -> s * rows).toArray();
    }

    @Override
    public void run() {
        if (operands.shape().self()) {
            cpu.kernels().attention(operands.queries(), operands.keys(), operands.values(), out, raggedness, heads, heads.scale());
        } else {
            cpu.kernels().crossAttention(operands.queries(), operands.keys(), operands.values(), out, raggedness, heads, heads.scale());
        }
    }

    @Override
    public double verify() {
        Values.fillWithNan(out);
        run();
        return operands.verify(Values.floats(out), 1);
    }

    @Override
    public void close() {
        cpu.close();
    }
}
