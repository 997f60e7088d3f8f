package io.maskleap.benchmarks.libtorch;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskleap.benchmarks.Processor;
import io.maskleap.benchmarks.subject.AttentionShape;
import io.maskleap.benchmarks.subject.BenchmarkModel;
import io.maskleap.benchmarks.subject.DecodeSubject;
import io.maskleap.benchmarks.subject.Library;
import io.maskleap.benchmarks.subject.Peer;
import io.maskleap.benchmarks.subject.Reference;
import io.maskleap.benchmarks.subject.SamplerShape;
import io.maskleap.benchmarks.subject.StepSubject;
import io.maskleap.kernel.Dtype;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every way of libtorch computes what ours does. */
class PeersTest {
    private static final int GRID = 8;

    @BeforeAll
    static void start(@TempDir Path folder) {
        assumeTrue(Libtorch.isPresent(), "there is no libtorch for this platform");
        Libtorch.start(Blas.MKL, Runtime.getRuntime().availableProcessors()); // as ReferenceProgram does
        System.setProperty(Reference.FOLDER_PROPERTY, folder.toString());
        ReferenceProgram.main(folder.resolve("SMALL-full.safetensors").toString(), "SMALL", "full");
        ReferenceProgram.main(folder.resolve("SMALL-shortcut.safetensors").toString(), "SMALL", "shortcut");
        ReferenceProgram.main(folder.resolve("SMALL-decode-8.safetensors").toString(), "SMALL", "decode", "8");
    }

    @AfterAll
    static void end() {
        System.clearProperty(Reference.FOLDER_PROPERTY);
    }

    private static void verify(Peer peer, Dtype dtype) {
        for (var way : peer.ways(dtype)) {
            try (var subject = peer.open(dtype, way)) {
                double error = subject.verify();
                assertTrue(error < 0.5, peer + ", " + way + ": error " + error);
                subject.run();
            }
            try (var trial = peer.openTrial(dtype, way)) {
                trial.run();
            }
        }
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void kernels(Dtype dtype) {
        verify(new AttentionPeer(AttentionShape.self(2, 3, 33, 24)), dtype);
        verify(new AttentionPeer(AttentionShape.cross(2, 3, 33, 5, 24)), dtype);
        verify(new SamplerPeer(new SamplerShape(200, 97, false)), dtype);
        verify(new SamplerPeer(new SamplerShape(200, 97, true)), dtype);
        verify(new AddLayerNormPeer(7, 96), dtype);
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void networks(Dtype dtype) {
        verify(new StepPeer(BenchmarkModel.SMALL, true), dtype);
        verify(new StepPeer(BenchmarkModel.SMALL, false), dtype);
        verify(new DecodePeer(BenchmarkModel.SMALL, GRID), dtype);
        verify(new ImagePeer(BenchmarkModel.SMALL), dtype);
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void ourNetworks(Dtype dtype) {
        Processor.assumeProducts(dtype);
        var library = Library.of(Library.BUILT_IN);
        for (var subject : List.of(new StepSubject(BenchmarkModel.SMALL, true, library, 2, dtype), new StepSubject(BenchmarkModel.SMALL, false, library, 2, dtype),
                new DecodeSubject(BenchmarkModel.SMALL, GRID, library, 2, dtype))) {
            try (subject) {
                assertTrue(subject.verify() < 0.1);
                subject.run();
                assertTrue(subject.verify() < 0.1); // a run leaves nothing behind that the next one must not find
            }
        }
    }

    @Test
    void aNetworkThatIsWrongIsFound() {
        var wrong = Reference.step(BenchmarkModel.SMALL, true).results().getFirst().clone();
        wrong[wrong.length - 1] += 1;
        var error = assertThrows(IllegalStateException.class, () -> Reference.step(BenchmarkModel.SMALL, true).require(Dtype.F32, wrong));
        assertTrue(error.getMessage().startsWith("small full step is wrong at element " + (wrong.length - 1)), error.getMessage());
    }
}
