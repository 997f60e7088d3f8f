package io.maskleap.benchmarks.subject;

import io.maskleap.device.Linear;
import io.maskleap.kernel.Activation;
import io.maskleap.kernel.Dtype;
import io.maskleap.kernel.Tensor;

/** A matrix product by oneDNN, operands and result of one dtype: the largest rate of some is this machine's peak. */
public final class ProductSubject implements Subject {
    private static final long SEED = 8;
    private static final int ROWS_TO_VERIFY = 16;

    private final Cpu cpu;
    private final Tensor x;
    private final Linear layer;
    private final Tensor y;

    /** y (M, N) = x (M, K) weight (N, K)^T. */
    public ProductSubject(int M, int K, int N, Library library, int threads, Dtype dtype) {
        cpu = new Cpu(library, threads);
        x = Values.fillNormal(cpu.tensor(dtype, M, K), SEED, 1);
        layer = new Linear(Values.fillNormal(cpu.tensor(dtype, N, K), SEED + 1, 1), null, Activation.NONE);
        y = cpu.tensor(dtype, M, N);
    }

    @Override
    public void run() {
        cpu.stream().linear(x, layer, y, x.rows());
    }

    @Override
    public double verify() {
        Values.fillWithNan(y);
        run();
        var comparison = new Comparison("matrix product");
        for (long row = 0; row < y.rows(); row += Math.max(1, y.rows() / ROWS_TO_VERIFY)) {
            for (long column = 0; column < y.columns(); column++) {
                double sum = 0;
                for (long k = 0; k < x.columns(); k++) {
                    sum += (double) Values.get(x, row, k) * Values.get(layer.weight(), column, k);
                }
                comparison.add(Values.get(y, row, column), sum, row, column);
            }
        }
        return comparison.require(x.dtype() == Dtype.F32 ? 1e-5 : 5e-3);
    }

    @Override
    public void close() {
        cpu.close();
    }
}
