package io.maskleap.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.DeviceReport;
import io.maskleap.DeviceReport.Cpu;
import io.maskleap.DeviceReport.Cuda;
import io.maskleap.DeviceReport.Gpu;
import io.maskleap.DeviceReport.Library;
import io.maskleap.DeviceReport.Place;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class DevicesCommandTest {
    private static String print(DeviceReport report) {
        var text = new StringWriter();
        DevicesCommand.print(new PrintWriter(text, true), report);
        return text.toString();
    }

    @Test
    void usableCudaIsShownWithGpusLibrariesAndPlaces() {
        var cuda = new Cuda(true, Optional.empty(),
                List.of(new Gpu(0, "NVIDIA H200", "9.0", 150_110_011_392L, true), new Gpu(1, "Tesla T4", "7.5", 15_828_320_256L, false)),
                List.of(new Library("libcuda.so.1", Optional.of(Path.of("/usr/lib/libcuda.so.1")), Optional.of("13.0")),
                        new Library("libcublas.so.13", Optional.of(Path.of("/opt/cuda/lib64/libcublas.so.13")), Optional.empty())),
                List.of(new Place("LD_LIBRARY_PATH (not set)", List.of()), new Place("/opt/cuda", List.of("CUDA runtime", "cuBLAS"))));
        assertEquals("""
                CPU   can be used: cpu, 2 threads
                CUDA  can be used

                GPU  name         compute capability  memory
                0    NVIDIA H200  9.0                 150 GB
                1    Tesla T4     7.5 (too low)       15.8 GB

                library          version  file
                libcuda.so.1     13.0     /usr/lib/libcuda.so.1
                libcublas.so.13  -        /opt/cuda/lib64/libcublas.so.13

                found                 looked for CUDA's libraries in
                -                     LD_LIBRARY_PATH (not set)
                CUDA runtime, cuBLAS  /opt/cuda
                """, print(new DeviceReport(new Cpu(true, "cpu, 2 threads"), cuda)));
    }

    @Test
    void reasonsFitATerminal() {
        var cuda = new Cuda(false, Optional.of("this is " + "a rather long reason ".repeat(8) + "/" + "path".repeat(30)), List.of(), List.of(), List.of());
        assertEquals("""
                CPU   cannot be used: there is no oneDNN
                CUDA  cannot be used: this is a rather long reason a rather long reason a rather long reason a
                      rather long reason a rather long reason a rather long reason a rather long reason a rather
                      long reason
                      /%s
                """.formatted("path".repeat(30)), print(new DeviceReport(new Cpu(false, "there is no oneDNN"), cuda)));
    }

    /** What it finds is this machine's affair; that it finds the CPU, and tells of CUDA, is ours. */
    @Test
    void commandShowsThisMachine() {
        var console = Console.run("devices");
        assertEquals(0, console.status(), console.err());
        assertEquals("", console.err());
        assertTrue(console.out().startsWith("CPU   can be used: cpu, "), console.out());
        assertTrue(console.out().contains("\nCUDA  can"), console.out());
    }

    @Test
    void commandShowsThisMachineAsJson() {
        var console = Console.run("devices", "--json");
        assertEquals(0, console.status(), console.err());
        assertEquals(1, console.out().lines().count());
        assertTrue(console.out().startsWith("{\"cpu\":{\"usable\":true,\"description\":\"cpu, "), console.out());
        assertTrue(console.out().contains("\"cuda\":{\"usable\":"), console.out());
    }
}
