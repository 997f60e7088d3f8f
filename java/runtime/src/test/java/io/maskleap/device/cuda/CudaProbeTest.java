package io.maskleap.device.cuda;

import static io.maskleap.device.cuda.StandIns.cublas;
import static io.maskleap.device.cuda.StandIns.cublasLt;
import static io.maskleap.device.cuda.StandIns.cudart;
import static io.maskleap.device.cuda.StandIns.cudnnGraph;
import static io.maskleap.device.cuda.StandIns.cudnnPart;
import static io.maskleap.device.cuda.StandIns.driver;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.maskleap.device.cuda.CudaFindings.SearchedPlace;
import io.maskleap.device.cuda.CudaProbe.Result;
import io.maskleap.device.cuda.CudaProbe.Unusable;
import io.maskleap.device.cuda.CudaProbe.Usable;
import io.maskleap.device.cuda.DynamicLoader.NotLoadedException;
import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Probes of stand-ins for the driver and the libraries: they go together until a test changes one. */
class CudaProbeTest {
    private static final String NAME_FOLDERS = "name the folders that have all of CUDA's libraries with -Dmaskleap.cuda.path=DIRS";
    private static final String CUDNN_ANEW = "; install cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13)";
    private static final String DRIVER_ANEW = "; install NVIDIA's driver 580 or newer";

    @TempDir
    private static Path fitting;

    @TempDir
    private Path folder;

    private TestHostEnvironment hostEnvironment;
    private Path cuda;
    private Path kernels;

    @BeforeAll
    static void makeStandIns() throws Exception {
        StandIns.makeAll(fitting);
    }

    @BeforeEach
    void makeHostEnvironment() throws IOException {
        hostEnvironment = new TestHostEnvironment(folder);
        cuda = folder.resolve("cuda");
        StandIns.copyAll(fitting, cuda);
        kernels = Files.createFile(folder.resolve("libkernels.so"));
        hostEnvironment.properties.put("maskleap.cuda.path", cuda.toString());
        hostEnvironment.properties.put("maskleap.cuda.kernels", kernels.toString());
    }

    private Result probe() {
        return CudaProbe.probe(hostEnvironment.get(), false);
    }

    private CudaInstallation usable() {
        return assertInstanceOf(Usable.class, probe()).installation();
    }

    private void assertUnusable(String reason) {
        var result = assertInstanceOf(Unusable.class, probe());
        assertEquals(reason, result.reason());
        assertEquals("CUDA cannot be used: " + reason, result.sentence());
    }

    private static boolean isLoaded(Path file) throws IOException {
        return Files.readString(Path.of("/proc/self/maps")).contains(file.toRealPath().toString());
    }

    @Test
    void whatGoesTogetherIsUsable() throws IOException {
        try (var installation = usable()) {
            assertEquals(List.of(new Gpu(0, "Stand-in A", 9, 0, 1L << 33), new Gpu(1, "Stand-in B", 8, 0, 2L << 33)), installation.usableGpus());
            assertEquals(kernels, installation.kernels());
            var findings = installation.findings();
            assertEquals(List.of(found("libcuda.so.1", "13.0"), found("libcudart.so.13", "13.1"), found("libcublasLt.so.13", "13.2.3"),
                    found("libcublas.so.13", "13.2.3"), found("libcudnn_graph.so.9", "9.19.0"), found("libcudnn_ops.so.9", "9.19.0"),
                    found("libcudnn_cnn.so.9", "9.19.0"), found("libcudnn_adv.so.9", "9.19.0")), findings.libraries().stream().map(CudaProbeTest::inWords).toList());
            assertEquals(List.of(new SearchedPlace("-Dmaskleap.cuda.path=" + cuda, List.of("CUDA runtime", "cuBLAS", "cuDNN"))), findings.places());
            assertTrue(isLoaded(cuda.resolve("libcudart.so.13")));
        }
        assertTrue(!isLoaded(cuda.resolve("libcudart.so.13")) && !isLoaded(cuda.resolve("libcuda.so.1")), "still loaded when closed");
    }

    private String found(String soname, String version) {
        return soname + " " + version + " " + cuda.resolve(soname);
    }

    private static String inWords(FoundLibrary library) {
        return library.soname() + " " + library.version().map(Version::toString).orElse("?") + " " + library.file().map(Path::toString).orElse("?");
    }

    /** As in emulation, whose libraries answer only what is called. */
    @Test
    void librariesThatTellNoVersionOfTheirOwnAreUsable() throws Exception {
        StandIns.make(cuda, "libcublas.so.13", "int nothing;");
        StandIns.make(cuda, "libcudnn_graph.so.9", "unsigned long cudnnGetVersion(void) { return 91900; }");
        StandIns.make(cuda, "libcudnn_ops.so.9", "int nothing;");
        try (var installation = usable()) {
            var versions = installation.findings().libraries().stream().map(FoundLibrary::version).toList();
            assertEquals(List.of(true, true, true, false, true, false, true, true), versions.stream().map(Optional::isPresent).toList());
        }
    }

    @Test
    void gpuIsAskedForByNumber() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(13000, 0, 2, 8, 6));
        try (var installation = usable()) {
            assertEquals("Stand-in A", installation.gpu(0).name());
            assertEquals(List.of(installation.gpu(0)), installation.usableGpus());
            assertEquals("no GPU is new enough: GPU 1 (Stand-in B) has 7.6, wanted compute capability 8.0 or higher (Ampere or newer)",
                    assertThrows(MaskleapException.class, () -> installation.gpu(1)).getMessage());
            for (int index : new int[] {-1, 2}) {
                assertEquals("there is no GPU " + index + ": GPU 0 (Stand-in A) has 8.6, GPU 1 (Stand-in B) has 7.6",
                        assertThrows(MaskleapException.class, () -> installation.gpu(index)).getMessage());
            }
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Linux aarch64", "Windows 11 amd64", "Mac OS X aarch64"})
    void otherPlatformsAreRefused(String platform) {
        hostEnvironment.platform = platform;
        assertUnusable("this is " + platform + ", wanted Linux amd64");
    }

    @Test
    void systemWithoutADriverIsTold() throws Exception {
        assumeTrue(!hasDriver(), "this system has a driver");
        Files.delete(cuda.resolve("libcuda.so.1"));
        assertUnusable("there is no NVIDIA driver that can be loaded (libcuda.so.1: cannot open shared object file: No such file or directory)" + DRIVER_ANEW
                + " or, in a container, have the GPU passed in (docker run --gpus all)");
    }

    private static boolean hasDriver() {
        try {
            new DynamicLoader().open("libcuda.so.1").close();
            return true;
        } catch (NotLoadedException _) {
            return false;
        }
    }

    @Test
    void driverThatCannotBeLoadedIsNamedWithTheReason() throws IOException {
        Files.writeString(cuda.resolve("libcuda.so.1"), "this is no library, but it is long enough to have a header of one: 64 bytes");
        assertUnusable("there is no NVIDIA driver that can be loaded (" + cuda + "/libcuda.so.1: invalid ELF header)" + DRIVER_ANEW
                + " or, in a container, have the GPU passed in (docker run --gpus all)");
    }

    @Test
    void libraryThatOnlyBearsTheDriversNameIsRefused() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", "int nothing;");
        assertUnusable(cuda + "/libcuda.so.1 has no function cuDriverGetVersion, so it is another library than its name says; reinstall it");
    }

    @Test
    void oldDriverIsRefused() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(12090, 0, 1, 9, 0));
        assertUnusable("the NVIDIA driver supports CUDA up to 12.9, wanted 13.0 or newer" + DRIVER_ANEW);
    }

    @Test
    void driverOfALaterCudaIsUsable() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(14020, 0, 1, 9, 0));
        usable().close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "34   | status 34 | the library found is the toolkit's stub for linking: take its folder out of LD_LIBRARY_PATH",
        "802  | status 802 | NVIDIA's fabric manager must run: systemctl start nvidia-fabricmanager",
        "803  | CUDA_ERROR_SYSTEM_DRIVER_MISMATCH (803) | the kernel has the module of another version loaded: restart the machine",
        "804  | status 804 | this GPU does not take the driver of CUDA's compat folder: take that folder out of LD_LIBRARY_PATH "
            + "and install NVIDIA's driver 580 or newer",
        "999  | CUDA_ERROR_UNKNOWN (999) | 'nvidia-smi' shows whether the driver works; if it does, the module nvidia_uvm may be missing (modprobe nvidia_uvm)",
        "4711 | status 4711 | 'nvidia-smi' shows whether the driver works; if it does, the module nvidia_uvm may be missing (modprobe nvidia_uvm)",
    })
    void driverThatDoesNotStartIsToldWithStatusAndRemedy(int status, String name, String remedy) throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(13000, status, 1, 9, 0));
        assertUnusable("the NVIDIA driver's cuInit returned " + name + "; " + remedy);
    }

    /** The driver says so by a status or by the number of GPUs. */
    @ParameterizedTest
    @CsvSource({"100, 1", "0, 0"})
    void systemWithoutAGpuIsTold(int status, int gpus) throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(13000, status, gpus, 9, 0));
        assertUnusable("the NVIDIA driver finds no GPU; 'nvidia-smi -L' lists those that it should find, "
                + "and a container needs them passed in (docker run --gpus all)");
        hostEnvironment.environment.put("CUDA_VISIBLE_DEVICES", "");
        assertUnusable("the NVIDIA driver finds no GPU; CUDA_VISIBLE_DEVICES= may hide it: unset it, or name one that 'nvidia-smi -L' lists");
    }

    @Test
    void oldGpusAreRefused() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(13000, 0, 2, 7, 5));
        assertUnusable("no GPU is new enough: GPU 0 (Stand-in A) has 7.5, GPU 1 (Stand-in B) has 6.5, "
                + "wanted compute capability 8.0 or higher (Ampere or newer)");
    }

    @Test
    void missingLibraryIsNamed() throws IOException {
        Files.delete(cuda.resolve("libcublas.so.13"));
        assertUnusable("there is no cuBLAS (libcublas.so.13) in -Dmaskleap.cuda.path=" + cuda
                + "; install the CUDA toolkit 13 (or: pip install 'nvidia-cublas<14'), or " + NAME_FOLDERS);
    }

    @Test
    void missingFolderIsNamed() {
        hostEnvironment.properties.put("maskleap.cuda.path", folder + "/none");
        assertUnusable("-Dmaskleap.cuda.path=" + folder + "/none: there is no folder " + folder + "/none");
    }

    @Test
    void libraryThatCannotBeLoadedIsNamedWithTheReason() throws Exception {
        StandIns.make(cuda, "libneeded.so.1", "int needed = 1;");
        var needing = new ProcessBuilder(System.getenv().getOrDefault("CXX", "g++"), "-shared", "-Wl,-soname,libcudnn_adv.so.9,--no-as-needed", "-o",
                cuda.resolve("libcudnn_adv.so.9").toString(), cuda.resolve("libneeded.so.1").toString()).inheritIO().start();
        assertEquals(0, needing.waitFor());
        Files.delete(cuda.resolve("libneeded.so.1"));
        assertUnusable(cuda + "/libcudnn_adv.so.9 cannot be loaded (libneeded.so.1: cannot open shared object file: No such file or directory)" + CUDNN_ANEW
                + " anew, or " + NAME_FOLDERS);
    }

    @ParameterizedTest
    @CsvSource({"libcudart.so.13, cudaRuntimeGetVersion", "libcublasLt.so.13, cublasLtGetVersion", "libcudnn_graph.so.9, cudnnGetVersion"})
    void libraryThatOnlyBearsTheNameIsRefused(String soname, String function) throws Exception {
        StandIns.make(cuda, soname, "int nothing;");
        assertUnusable(cuda + "/" + soname + " has no function " + function + ", so it is another library than its name says; reinstall it");
    }

    @ParameterizedTest
    @CsvSource({"12090, 120902, 12.9", "14000, 140000, 14.0"})
    void otherCudaIsRefused(int runtime, int cublas, String version) throws Exception {
        StandIns.make(cuda, "libcudart.so.13", cudart(runtime));
        StandIns.make(cuda, "libcublasLt.so.13", cublasLt(cublas));
        StandIns.make(cuda, "libcublas.so.13", cublas(cublas / 10000, cublas / 100 % 100, cublas % 100));
        assertUnusable(cuda + "/libcudart.so.13 is of version " + version + ", wanted 13.0 or a later 13; install the CUDA toolkit 13 "
                + "(or: pip install 'nvidia-cuda-runtime<14'), or " + NAME_FOLDERS);
    }

    @Test
    void runtimeAndCublasOfDifferentCudaAreMixed() throws Exception {
        StandIns.make(cuda, "libcudart.so.13", cudart(12080));
        assertUnusable("CUDA is mixed: " + cuda + "/libcudart.so.13 is of version 12.8, " + cuda + "/libcublasLt.so.13 of version 13.2.3; "
                + "install the CUDA toolkit 13 (or: pip install 'nvidia-cuda-runtime<14' 'nvidia-cublas<14'), or " + NAME_FOLDERS);
    }

    @Test
    void partsOfCublasOfDifferentVersionsAreMixed() throws Exception {
        StandIns.make(cuda, "libcublas.so.13", cublas(13, 1, 0));
        assertUnusable("CUDA is mixed: " + cuda + "/libcublasLt.so.13 is of version 13.2.3, " + cuda + "/libcublas.so.13 of version 13.1.0; "
                + "install the CUDA toolkit 13 (or: pip install 'nvidia-cublas<14'), or " + NAME_FOLDERS);
    }

    @ParameterizedTest
    @CsvSource({"8907, 8.9.7", "100000, 10.0.0"})
    void otherCudnnIsRefused(int number, String version) throws Exception {
        StandIns.make(cuda, "libcudnn_graph.so.9", cudnnGraph(number, 13000));
        assertUnusable(cuda + "/libcudnn_graph.so.9 is of version " + version + ", wanted 9.0 or a later 9" + CUDNN_ANEW + ", or " + NAME_FOLDERS);
    }

    @Test
    void cudnnForAnotherCudaIsRefused() throws Exception {
        StandIns.make(cuda, "libcudnn_graph.so.9", cudnnGraph(91002, 12090));
        assertUnusable(cuda + "/libcudnn_graph.so.9 is cuDNN 9.10.2 for CUDA 12.9, wanted cuDNN for CUDA 13" + CUDNN_ANEW + ", or " + NAME_FOLDERS);
    }

    @ParameterizedTest
    @ValueSource(strings = {"Ops", "Cnn", "Adv"})
    void partsOfCudnnOfDifferentVersionsAreMixed(String part) throws Exception {
        var soname = "libcudnn_" + part.toLowerCase() + ".so.9";
        StandIns.make(cuda, soname, cudnnPart(part, 1003));
        assertUnusable("cuDNN is mixed: " + cuda + "/" + soname + " is not of version 9.19.0, as " + cuda + "/libcudnn_graph.so.9 is"
                + CUDNN_ANEW + ", or " + NAME_FOLDERS);
    }

    @ParameterizedTest
    @CsvSource({"org/bytedeco/javacpp/Loader.class, org.bytedeco:javacpp", "org/bytedeco/cuda/global/cudart.class, org.bytedeco:cuda",
        "org/bytedeco/javacpp/linux-x86_64/libjnijavacpp.so, org.bytedeco:javacpp with classifier linux-x86_64",
        "org/bytedeco/cuda/linux-x86_64/libjnicudart.so, org.bytedeco:cuda with classifier linux-x86_64"})
    void programWithoutPresetsIsTold(String resource, String artifact) {
        hostEnvironment.missingResources.add(resource);
        assertUnusable(resource + " is in no jar of this program; put " + artifact + " on the class path");
    }

    @Test
    void programWithoutKernelsIsTold() {
        hostEnvironment.properties.remove("maskleap.cuda.kernels");
        assertUnusable("libmaskleap_cuda.so is in no jar of this program, which was built without nvcc; build it again where nvcc is installed, "
                + "or name a library with -Dmaskleap.cuda.kernels=FILE (./build-native.sh cuda makes one)");
    }

    @Test
    void missingFileOfKernelsIsNamed() {
        hostEnvironment.properties.put("maskleap.cuda.kernels", folder + "/none.so");
        assertUnusable("-Dmaskleap.cuda.kernels=" + folder + "/none.so: no such file, wanted a library of CUDA kernels");
    }

    /** What is found to be wrong first is the reason; a probe stops there, an examination does not. */
    @Test
    void examinationGoesOnWhereAProbeStops() throws Exception {
        StandIns.make(cuda, "libcuda.so.1", driver(12080, 0, 1, 9, 0));
        Files.delete(cuda.resolve("libcudnn_adv.so.9"));
        var probed = assertInstanceOf(Unusable.class, CudaProbe.probe(hostEnvironment.get(), false));
        var examined = assertInstanceOf(Unusable.class, CudaProbe.probe(hostEnvironment.get(), true));
        assertEquals("the NVIDIA driver supports CUDA up to 12.8, wanted 13.0 or newer" + DRIVER_ANEW, examined.reason());
        assertEquals(examined.reason(), probed.reason());
        assertEquals(List.of(), probed.findings().gpus());
        assertEquals("Stand-in A", examined.findings().gpus().getFirst().name());
        assertEquals("libcublasLt.so.13 ? " + cuda + "/libcublasLt.so.13", inWords(probed.findings().libraries().get(2)));
        assertEquals("libcublasLt.so.13 13.2.3 " + cuda + "/libcublasLt.so.13", inWords(examined.findings().libraries().get(2)));
        assertEquals("libcudnn_adv.so.9 ? ?", inWords(examined.findings().libraries().getLast()));
    }

    @Test
    void nothingStaysLoadedThatIsNotUsable() throws Exception {
        StandIns.make(cuda, "libcudnn_graph.so.9", cudnnGraph(8907, 13000));
        assertInstanceOf(Unusable.class, probe());
        for (var soname : List.of("libcuda.so.1", "libcudart.so.13", "libcudnn_graph.so.9", "libcudnn_adv.so.9")) {
            assertTrue(!isLoaded(cuda.resolve(soname)), soname);
        }
    }

    /** A test of the CUDA device in this process keeps its libraries, and with them the names. */
    private static void assumeNoCudaInUse() {
        var loader = new DynamicLoader();
        assumeTrue(loader.loaded("libcuda.so.1").isEmpty() && loader.loaded("libcudart.so.13").isEmpty(), "CUDA is in use in this process");
    }

    /** The first of a name serves all that come later, so one that is loaded by someone else before ours must be told. */
    @Test
    void installationThatIsKeptServesLaterOnesOfItsNames() throws Exception {
        assumeNoCudaInUse();
        StandIns.make(cuda, "libcudnn_heuristic.so.9", "int nothing;");
        var first = usable();
        try {
            first.load();
            first.load();
            first.close();
            for (var soname : List.of("libcuda.so.1", "libcudart.so.13", "libcudnn_heuristic.so.9")) {
                assertEquals(cuda.resolve(soname), new DynamicLoader().loaded(soname).orElseThrow());
            }

            var other = folder.resolve("other");
            StandIns.copyAll(fitting, other);
            hostEnvironment.properties.put("maskleap.cuda.path", other.toString());
            try (var second = usable()) {
                assertEquals("this process has loaded " + cuda + "/libcuda.so.1 before " + other + "/libcuda.so.1, and the first of a name serves all; "
                        + "start the CUDA device first, or " + NAME_FOLDERS, assertThrows(MaskleapException.class, second::load).getMessage());
            }
        } finally {
            first.unload();
        }
        assertTrue(!isLoaded(cuda.resolve("libcudart.so.13")) && !isLoaded(cuda.resolve("libcudnn_heuristic.so.9")), "still loaded");
    }

    @Test
    void libraryWithoutASonameIsRefused() throws Exception {
        assumeNoCudaInUse();
        StandIns.make(cuda, "other.so", cudart(13000));
        Files.move(cuda.resolve("other.so"), cuda.resolve("libcudart.so.13"), StandardCopyOption.REPLACE_EXISTING);
        try (var installation = usable()) {
            assertEquals(cuda + "/libcudart.so.13 does not say that its name is libcudart.so.13; reinstall it",
                    assertThrows(MaskleapException.class, installation::load).getMessage());
        }
    }
}
