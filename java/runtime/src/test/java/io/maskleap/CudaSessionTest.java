package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.device.cuda.EmulatedCuda;
import io.maskleap.error.DeviceException;
import io.maskleap.error.MaskleapException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Generation on a GPU, with libraries that stand in for CUDA's: they log each call, run queued work only when somebody waits for it, refuse
 * what a capture refuses, and let the host touch no device memory.
 */
class CudaSessionTest {
    private static final long UNLIMITED_BYTES = 8L << 30;
    private static final int GENERAL_FAILURE = 999;

    private static final Set<String> EARLY_TOO = Set.of("cudaMalloc", "cudaMemcpyAsync", "cudaLaunchKernel");

    /** Where an algorithm fails, another is taken; and what only asks need not be answered. */
    private static final Set<String> OTHER_WAYS = Set.of("cublasLtMatmul", "cublasLtMatmulAlgoGetHeuristic", "cublasLtMatmulDescSetAttribute",
            "cudnnConvolutionForward", "cudnnGetConvolutionForwardWorkspaceSize", "cudaMemGetInfo", "cudaGetLastError",
            "cudaRuntimeGetVersion", "cudnnGetVersion", "cublasLtGetVersion",
            "cudaStreamSynchronize"); // the last is that of closing, which waits quietly

    @TempDir
    private static Path folder;
    private static Path tiny;
    private static Model model;

    @BeforeAll
    static void open() {
        tiny = TestModels.tiny(folder.resolve("tiny"), true);
        model = Model.open(tiny, Device.emulated());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    @AfterEach
    void reset() {
        EmulatedCuda.reset();
    }

    private static Request request() {
        return Request.ofClass(1).seed(3).steps(6).budget(2);
    }

    private static List<GeneratedImage> generate(Model model, int maxImages, Request request) {
        try (var session = model.newSession(maxImages)) {
            return session.generate(request);
        }
    }

    private static long count(List<String> log, String call) {
        return log.stream().filter(line -> line.startsWith(call)).count();
    }

    // ---- what a step is ----

    /** A session that has met the request's shapes often enough. */
    private static Session accustomedSession() {
        var session = model.newSession();
        session.generate(request());
        session.generate(request());
        return session;
    }

    @Test
    void stepsThatCameBeforeAreLaunchedAndNothingElse() {
        try (var session = accustomedSession()) {
            var before = session.generate(request()).getFirst();
            EmulatedCuda.reset();
            var after = session.generate(request()).getFirst();
            var log = EmulatedCuda.log();
            assertArrayEquals(before.codes(), after.codes());
            assertArrayEquals(before.image().rgb(), after.image().rgb());
            assertEquals(1 + 6 + 1, count(log, "cudaGraphLaunch"), "modulations, six steps and a decoding");
            var others = log.stream().filter(line -> !line.matches("cuda(GraphLaunch|MemcpyAsync|Event(Record|Synchronize)|StreamSynchronize)")).toList();
            assertEquals(List.of(), others, "a step allocates, describes and captures nothing");
            assertEquals(2, count(log, "cudaStreamSynchronize"), "the host waits for codes and pixels only");
        }
    }

    @Test
    void nothingIsReadByTheHostBetweenSteps() {
        try (var session = accustomedSession()) {
            EmulatedCuda.reset();
            session.generate(request());
            var log = EmulatedCuda.log();
            var launches = IntStream.range(0, log.size()).filter(i -> log.get(i).equals("cudaGraphLaunch")).toArray();
            var steps = log.subList(launches[1], launches[6]); // the first launch is that of the modulations
            assertEquals(0, count(steps, "cudaStreamSynchronize"), steps.toString());
            assertEquals(5 + 4, count(steps, "cudaMemcpyAsync"), "each of the other steps writes its parameters, and shortcut steps take their modulation: " + steps);
        }
    }

    @Test
    void aShapeIsDoneAsItIsThenCapturedThenLaunched() {
        try (var session = model.newSession()) {
            EmulatedCuda.reset();
            session.generate(request());
            long repeated = count(EmulatedCuda.log(), "cudaGraphLaunch");
            EmulatedCuda.reset();
            session.generate(request());
            var log = EmulatedCuda.log();
            assertTrue(count(log, "cudaStreamBeginCapture") >= 3, "a full step, a shortcut step and the decoding at least: " + log);
            assertEquals(count(log, "cudaStreamBeginCapture"), count(log, "cudaGraphInstantiate"));
            assertEquals(1 + 6 + 1, count(log, "cudaGraphLaunch"), repeated + " steps of the first generation had a shape that came before");
            int begin = log.indexOf("cudaStreamBeginCapture");
            var captured = log.subList(begin + 1, log.indexOf("cudaStreamEndCapture capturing"));
            var calls = Set.of("cudaLaunchKernel capturing", "cublasLtMatmul capturing", "cudaMemcpyAsync capturing", "cudnnConvolutionForward capturing");
            assertTrue(captured.stream().filter(line -> line.endsWith(" capturing")).allMatch(calls::contains), "a capture only computes: " + captured);
        }
    }

    @Test
    void queueingIsTimedByStepAndApartFromWaiting() {
        try (var session = model.newSession()) {
            assertEquals(QueueTimes.NONE, session.queueTimes());
            session.generate(request());
            session.generate(request(), step -> { });
            var times = session.queueTimes();
            assertEquals(6, times.steps(), "a listener's steps are handed over one by one");
            assertTrue(times.host().isPositive() && times.waited().isPositive(), times.toString());
        }
    }

    // ---- same images ----

    @Test
    void imagesAreThoseOfTheCpu() {
        try (var cpu = Model.open(tiny, Device.cpu(2))) {
            var wanted = generate(cpu, 1, request()).getFirst();
            var actual = generate(model, 1, request()).getFirst();
            assertArrayEquals(wanted.codes(), actual.codes());
            int off = 0;
            for (int i = 0; i < wanted.image().rgb().length; i++) {
                off = Math.max(off, Math.abs((wanted.image().rgb()[i] & 0xFF) - (actual.image().rgb()[i] & 0xFF)));
            }
            assertTrue(off <= 1, "a pixel is off by " + off);
        }
    }

    @Test
    void imagesOfABatchAreThoseMadeAlone() {
        var batch = generate(model, 3, request().count(3));
        for (int k = 0; k < 3; k++) {
            assertArrayEquals(generate(model, 1, request().seed(3 + k)).getFirst().codes(), batch.get(k).codes(), "image " + k);
        }
    }

    @Test
    @Timeout(120)
    void sessionsOfSeveralThreadsDoNotDisturbEachOther() throws Exception {
        var alone = Stream.of(3L, 4L, 5L).map(seed -> generate(model, 1, request().seed(seed)).getFirst().codes()).toList();
        try (var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            var work = Stream.of(3L, 4L, 5L).<Callable<int[]>>map(seed -> () -> generate(model, 1, request().seed(seed)).getFirst().codes()).toList();
            var together = threads.invokeAll(work);
            for (int i = 0; i < 3; i++) {
                assertArrayEquals(alone.get(i), together.get(i).get());
            }
        }
    }

    @Test
    void listenerSeesEachStepAndMayCancel() {
        try (var session = model.newSession()) {
            var seen = new ArrayList<Integer>();
            assertThrows(CancelledException.class, () -> session.generate(request(), step -> {
                seen.add(step.index());
                assertEquals(64, step.codes().length);
                assertEquals(2 * 65 * 64, step.features().length);
                if (step.index() == 2) {
                    session.cancel();
                }
            }));
            assertEquals(List.of(0, 1, 2), seen);
            assertEquals(1, session.generate(request()).size());
        }
    }

    @Test
    @Timeout(120)
    void cancellationFromAnotherThreadEndsAGenerationWithinTwoSteps() throws Exception {
        try (var session = model.newSession()) {
            session.generate(request().steps(60));
            EmulatedCuda.reset();
            try (var other = Executors.newSingleThreadExecutor()) {
                var running = other.submit(() -> session.generate(request().steps(60)));
                while (!running.isDone() && count(EmulatedCuda.log(), "cudaGraphLaunch") == 0) {
                    Thread.onSpinWait();
                }
                session.cancel();
                long launched = count(EmulatedCuda.log(), "cudaGraphLaunch");
                var e = assertThrows(ExecutionException.class, running::get);
                assertTrue(e.getCause() instanceof CancelledException, e.toString());
                assertTrue(count(EmulatedCuda.log(), "cudaGraphLaunch") <= launched + 2);
            }
        }
    }

    // ---- failures ----

    /**
     * Each call that {@code work} makes, where it last comes, and some also where they first do; but for those that end something, which would go on, as a
     * call that is to fail does nothing.
     */
    private static List<Map.Entry<String, Long>> calls(Runnable work) {
        EmulatedCuda.reset();
        work.run();
        var counts = EmulatedCuda.log().stream().map(line -> line.replace(" capturing", "")).filter(call -> !call.matches(".*(Destroy|Free|EndCapture).*"))
                .collect(Collectors.groupingBy(call -> call, TreeMap::new, Collectors.counting()));
        return counts.entrySet().stream().flatMap(call -> Stream.of(EARLY_TOO.contains(call.getKey()) ? 1L : call.getValue(), call.getValue()).distinct()
                .map(nth -> Map.entry(call.getKey(), nth))).toList();
    }

    private static void assertFailsAndLosesNothing(Runnable work) {
        for (var call : calls(work)) {
            long before = EmulatedCuda.liveObjects();
            EmulatedCuda.reset();
            EmulatedCuda.fail(call.getKey(), call.getValue(), GENERAL_FAILURE);
            try {
                work.run();
            } catch (MaskleapException e) {
                assertTrue(e.getMessage().contains(call.getKey()) && e.getMessage().contains(String.valueOf(GENERAL_FAILURE)), call + ": " + e.getMessage());
                assertEquals(before, EmulatedCuda.liveObjects(), "after " + call + " failed");
                continue;
            }
            assertTrue(OTHER_WAYS.contains(call.getKey()), call + " failed, and nobody noticed");
            assertEquals(before, EmulatedCuda.liveObjects(), "after " + call + " failed");
        }
        EmulatedCuda.reset();
        work.run();
    }

    @Test
    void callOfOpeningAModelThatFailsIsNamedAndNothingIsLost() {
        assertFailsAndLosesNothing(() -> Model.open(tiny, Device.emulated()).close());
    }

    @Test
    void callOfAGenerationThatFailsIsNamedAndNothingIsLost() {
        assertFailsAndLosesNothing(() -> {
            try (var session = model.newSession()) {
                session.generate(Request.ofClass(1).steps(1).budget(1));
                session.generate(Request.ofClass(1).steps(1).budget(1));
            }
        });
    }

    @Test
    void deviceThatFailsClosesTheSessionAndLeavesTheModel() {
        try (var session = model.newSession()) {
            session.generate(request());
            EmulatedCuda.fail("cudaGraphLaunch", 2, GENERAL_FAILURE);
            assertThrows(DeviceException.class, () -> session.generate(request()));
            assertThrows(IllegalStateException.class, () -> session.generate(request()));
            assertEquals(1, generate(model, 1, request()).size());
        }
    }

    @Test
    void tooLittleMemoryIsToldWithWhatWasAskedForAndWhatIsFree() {
        EmulatedCuda.setMemory(model.sessionBytes(1) * 3);
        var e = assertThrows(DeviceException.class, () -> model.newSession(1000));
        assertTrue(e.getMessage().matches("cudaMalloc: cudaErrorMemoryAllocation \\(2\\): [0-9.]+ MiB were asked for, [0-9]+ MiB of the GPU's [0-9]+ MiB are free; .*"),
                e.getMessage());
        EmulatedCuda.setMemory(UNLIMITED_BYTES);
        assertEquals(1, generate(model, 1, request()).size());
    }

    @Test
    void sessionTakesTheMemoryThatItAnnounced() {
        long announced = model.sessionBytes(2);
        long free = EmulatedCuda.freeBytes();
        try (var session = model.newSession(2)) {
            session.generate(request().count(2));
            assertEquals(announced, free - EmulatedCuda.freeBytes(), announced / 100.0);
        }
        assertEquals(free, EmulatedCuda.freeBytes());
    }

    @Test
    void gpuThatIsNotThereIsNamed() {
        var e = assertThrows(MaskleapException.class, () -> Device.cuda(-1));
        assertEquals("GPU -1, wanted 0 or more", e.getMessage());
    }
}
