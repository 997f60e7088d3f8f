package io.maskleap.benchmarks.subject;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskleap.benchmarks.Processor;
import io.maskleap.benchmarks.RandomModel;
import io.maskleap.benchmarks.libtorch.Libtorch;
import io.maskleap.kernel.Dtype;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What is timed of ours is verified, and verification finds what is wrong. */
class SubjectsTest {
    private static final Library BUILT_IN = Library.of(Library.BUILT_IN);

    private static void verify(Subject subject) {
        try (subject) {
            double error = subject.verify();
            assertTrue(error >= 0 && error < 0.1, "error " + error);
            subject.run();
        }
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void attention(Dtype dtype) {
        verify(new AttentionSubject(AttentionShape.self(2, 3, 33, 20), BUILT_IN, 2, dtype));
        verify(new AttentionSubject(AttentionShape.cross(2, 3, 33, 5, 24), BUILT_IN, 2, dtype));
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void sampler(Dtype dtype) {
        verify(new SamplerSubject(new SamplerShape(50, 97, false), BUILT_IN, 2, dtype));
        try (var gumbel = new SamplerSubject(new SamplerShape(50, 97, true), BUILT_IN, 2, dtype)) {
            gumbel.verify();
        }
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void addLayerNorm(Dtype dtype) {
        verify(new AddLayerNormSubject(7, 96, BUILT_IN, 2, dtype));
    }

    @ParameterizedTest
    @EnumSource(Dtype.class)
    void product(Dtype dtype) {
        Processor.assumeProducts(dtype);
        verify(new ProductSubject(17, 32, 48, BUILT_IN, 2, dtype));
    }

    @Test
    void copy() {
        verify(new CopySubject(1 << 16, 2));
    }

    @Test
    void aStepIsComparedWithWhatAnotherProcessComputes() {
        assumeTrue(Libtorch.isPresent(), "there is no libtorch for this platform to compare with");
        verify(new StepSubject(BenchmarkModel.SMALL, true, BUILT_IN, 2, Dtype.F32));
    }

    @Test
    void attentionThatIsWrongAtItsEndIsFound() {
        try (var arena = Arena.ofConfined()) {
            var operands = new AttentionCase(AttentionShape.self(1, 2, 9, 8), Dtype.F32, arena);
            var zeros = new float[9 * 16];
            assertThrows(IllegalStateException.class, () -> operands.verify(zeros, 1));
        }
    }

    @Test
    void comparisonNamesTheWorstPlace() {
        var comparison = new Comparison("sum");
        comparison.add(1, 1, 0, 0);
        comparison.add(2.5, 2, 3, 4);
        var error = assertThrows(IllegalStateException.class, () -> comparison.require(0.1));
        assertTrue(error.getMessage().startsWith("sum is wrong at row 3, column 4: got 2.5, wanted 2.0"), error.getMessage());
        assertEquals(0.25, comparison.require(0.3));
    }

    @Test
    void comparisonFindsWhatIsNoNumber() {
        var error = assertThrows(IllegalStateException.class, () -> Comparison.of("sum", new float[] {1, Float.NaN}, new float[] {1, 2}).require(0.1));
        assertTrue(error.getMessage().contains("element 1"), error.getMessage());
    }

    @Test
    void librariesAreNamedByWordInstructionSetOrPath() {
        assertEquals(new Library("maskleap", Optional.empty()), BUILT_IN);
        assertEquals("maskleap, x86-64", Library.of("x86-64").name());
        assertThrows(IllegalArgumentException.class, () -> Library.of("/no/such/library.so"));
    }

    @Test
    void aLibraryOfOnesOwnIsCalledByItsFile() {
        var file = Library.of("x86-64").path().orElseThrow();
        var own = Library.of(file.toString());
        assertEquals(file.getFileName().toString(), own.name());
        assertEquals(Path.of(file.toString()).toAbsolutePath(), own.path().orElseThrow());
        verify(new AddLayerNormSubject(3, 32, own, 1, Dtype.F32));
    }

    /** 862 GFLOP: what the full step of MaskGIT-512 is known to take, counted by hand from the paper's sizes. */
    @Test
    void operationsOfMaskGit512() {
        var base = RandomModel.MASKGIT_512.base();
        assertEquals(862e9, NetworkWork.base(base, 2), 5e9);
    }

    @Test
    void aStepsInputsAreThoseOfTheMeanStep() {
        var base = RandomModel.SMALL.base();
        var inputs = StepInputs.of(BenchmarkModel.SMALL, base);
        var plan = BenchmarkModel.SMALL.plan(base.tokens());
        assertEquals(plan.steps().stream().mapToInt(step -> step.masked()).average().orElseThrow(), inputs.masked().length, 0.5);
        assertEquals(inputs.masked().length, IntStream.of(inputs.ids()).limit(base.tokens()).filter(id -> id == base.maskId()).count());
    }
}
