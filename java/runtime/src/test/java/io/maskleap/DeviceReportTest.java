package io.maskleap;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.DeviceReport.Place;
import io.maskleap.device.cuda.CudaFindings;
import io.maskleap.device.cuda.CudaFindings.SearchedPlace;
import io.maskleap.device.cuda.CudaProbe;
import io.maskleap.device.cuda.FoundLibrary;
import io.maskleap.device.cuda.Gpu;
import io.maskleap.device.cuda.Version;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DeviceReportTest {
    private static final String PATH_PROPERTY = "maskleap.cuda.path";

    @TempDir
    private Path folder;

    private String before;

    @BeforeEach
    void rememberProperty() {
        before = System.getProperty(PATH_PROPERTY);
    }

    @AfterEach
    void restoreProperty() {
        if (before == null) {
            System.clearProperty(PATH_PROPERTY);
        } else {
            System.setProperty(PATH_PROPERTY, before);
        }
    }

    /** Whatever this machine has, an empty folder has no CUDA. */
    @Test
    void reportTellsWhatThereIsOnThisMachine() {
        System.setProperty(PATH_PROPERTY, folder.toString());
        var report = Maskleap.devices();
        assertEquals(new DeviceReport.Cpu(true, Maskleap.nativeLibraryInfo(Device.cpu())), report.cpu());
        assertFalse(report.cuda().usable());
        assertFalse(report.cuda().reason().orElseThrow().isEmpty());
        assertEquals(List.of(new Place("-Dmaskleap.cuda.path=" + folder, List.of())), report.cuda().places());
        assertEquals("libcuda.so.1", report.cuda().libraries().getFirst().name());
        assertTrue(report.cuda().libraries().stream().skip(1).allMatch(library -> library.file().isEmpty()), report.toString());
    }

    @Test
    void reportHasAllThatAProbeFinds() {
        var file = Optional.of(Path.of("/a/libcudart.so.13"));
        var findings = new CudaFindings(List.of(new FoundLibrary("libcudart.so.13", file, Optional.of(new Version(13, 1, -1))),
                new FoundLibrary("libcublas.so.13", Optional.empty(), Optional.empty())), List.of(new Gpu(1, "Tesla T4", 7, 5, 16L << 30)),
                List.of(new SearchedPlace("/a", List.of("CUDA runtime"))));
        var cpu = new DeviceReport.Cpu(true, "a CPU");
        var report = DeviceReport.of(cpu, new CudaProbe.Unusable("it is too old", findings));
        assertEquals(new DeviceReport(cpu, new DeviceReport.Cuda(false, Optional.of("it is too old"),
                List.of(new DeviceReport.Gpu(1, "Tesla T4", "7.5", 16L << 30, false)),
                List.of(new DeviceReport.Library("libcudart.so.13", file, Optional.of("13.1")),
                        new DeviceReport.Library("libcublas.so.13", Optional.empty(), Optional.empty())),
                List.of(new Place("/a", List.of("CUDA runtime"))))), report);
    }
}
