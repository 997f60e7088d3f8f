package io.maskleap.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.maskleap.error.MaskleapException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CudaLibrarySearchTest {
    private static final String[] RUNTIME = {"libcudart.so.13"};
    private static final String[] CUBLAS = {"libcublasLt.so.13", "libcublas.so.13"};
    private static final String[] CUDNN = {"libcudnn_graph.so.9", "libcudnn_ops.so.9", "libcudnn_cnn.so.9", "libcudnn_adv.so.9"};
    private static final String[] TOOLKIT = join(RUNTIME, CUBLAS);
    private static final String[] ALL = join(TOOLKIT, CUDNN);

    @TempDir
    private Path folder;

    private TestHostEnvironment hostEnvironment;

    @BeforeEach
    void makeHostEnvironment() {
        hostEnvironment = new TestHostEnvironment(folder);
    }

    private static String[] join(String[] some, String[] more) {
        return Stream.concat(Arrays.stream(some), Arrays.stream(more)).toArray(String[]::new);
    }

    /** A folder below the root with empty files. */
    private Path put(String folderName, String... files) throws IOException {
        return put(hostEnvironment.root.resolve(folderName), files);
    }

    private static Path put(Path folder, String... files) throws IOException {
        Files.createDirectories(folder);
        for (var file : files) {
            Files.createFile(folder.resolve(file));
        }
        return folder;
    }

    private void putLoaderCache(Path... files) throws IOException {
        var paths = Stream.of(files).map(file -> "/" + hostEnvironment.root.relativize(file));
        Files.write(put("etc").resolve("ld.so.cache"),
                LoaderCacheTest.list(paths.map(path -> new LoaderCacheTest.Entry(0x0303, path)).toArray(LoaderCacheTest.Entry[]::new)));
    }

    private FoundLibraries search() {
        return CudaLibrarySearch.search(hostEnvironment.get());
    }

    /** The folders of the files that are used. */
    private static TreeSet<Path> foldersOf(FoundLibraries found) {
        var folders = new TreeSet<Path>();
        found.files().values().forEach(file -> folders.add(file.getParent()));
        return folders;
    }

    private static void assertAllFrom(Path folder, FoundLibraries found) {
        found.requireWhole();
        assertEquals(List.of(folder), List.copyOf(foldersOf(found)));
    }

    private static String refusal(FoundLibraries found) {
        return assertThrows(MaskleapException.class, found::requireWhole).getMessage();
    }

    /** Each place on its own is found. */
    @ParameterizedTest
    @ValueSource(strings = {"usr/local/cuda/lib64", "usr/local/cuda/targets/x86_64-linux/lib", "usr/local/cuda/lib", "usr/local/cuda-13.1/lib64",
        "usr/lib/x86_64-linux-gnu", "usr/lib64", "usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib", "usr/lib/python3/dist-packages/nvidia/cu13/lib",
        "usr/local/lib/python3.9/site-packages/nvidia/cu13/lib"})
    void placesOfTheSystemAreSearched(String place) throws IOException {
        assertAllFrom(put(place, ALL), search());
    }

    @ParameterizedTest
    @ValueSource(strings = {".local/lib/python3.13/site-packages/nvidia/cu13/lib", ".pyenv/versions/3.11.7/lib/python3.11/site-packages/nvidia/cu13/lib"})
    void placesOfTheUserAreSearched(String place) throws IOException {
        assertAllFrom(put(hostEnvironment.home.resolve(place), ALL), search());
    }

    @ParameterizedTest
    @ValueSource(strings = {"CUDA_HOME=lib64", "CUDA_PATH=targets/x86_64-linux/lib", "CONDA_PREFIX=lib",
        "VIRTUAL_ENV=lib/python3.14/site-packages/nvidia/cu13/lib", "CONDA_PREFIX=lib/python3.14/site-packages/nvidia/cu13/lib", "LD_LIBRARY_PATH="})
    void placesThatVariablesNameAreSearched(String variableAndFolder) throws IOException {
        var parts = variableAndFolder.split("=", 2);
        hostEnvironment.environment.put(parts[0], folder.resolve("named").toString());
        assertAllFrom(put(folder.resolve("named").resolve(parts[1]), ALL), search());
    }

    @Test
    void filesInTheLoadersListAreSearched() throws IOException {
        var place = put("opt/somewhere", ALL);
        putLoaderCache(Stream.of(ALL).map(place::resolve).toArray(Path[]::new));
        assertAllFrom(place, search());
    }

    @Test
    void fileInTheLoadersListThatIsGoneIsNotFound() throws IOException {
        putLoaderCache(hostEnvironment.root.resolve("opt/gone/libcudart.so.13"));
        assertTrue(search().files().isEmpty());
    }

    /** Each is removed after it was found, so that the next one's turn comes. */
    @Test
    void placesAreSearchedInOrder() throws IOException {
        hostEnvironment.environment.put("LD_LIBRARY_PATH", folder.resolve("x") + ":" + folder.resolve("y"));
        hostEnvironment.environment.put("CUDA_HOME", folder.resolve("toolkit").toString());
        hostEnvironment.environment.put("VIRTUAL_ENV", folder.resolve("venv").toString());
        var places = List.of(put(folder.resolve("x"), ALL), put(folder.resolve("y"), ALL), put("opt/cached", ALL), put(folder.resolve("toolkit/lib64"), ALL),
                put("usr/local/cuda/lib64", ALL), put("usr/local/cuda-13.1/lib64", ALL), put("usr/local/cuda-13.0/lib64", ALL),
                put("usr/lib/x86_64-linux-gnu", ALL), put("usr/lib64", ALL), put(folder.resolve("venv/lib/python3.12/site-packages/nvidia/cu13/lib"), ALL),
                put(hostEnvironment.home.resolve(".local/lib/python3.12/site-packages/nvidia/cu13/lib"), ALL),
                put("usr/local/lib/python3.12/dist-packages/nvidia/cu13/lib", ALL), put("usr/lib/python3/dist-packages/nvidia/cu13/lib", ALL),
                put(hostEnvironment.home.resolve(".pyenv/versions/3.12.1/lib/python3.12/site-packages/nvidia/cu13/lib"), ALL));
        putLoaderCache(Stream.of(ALL).map(places.get(2)::resolve).toArray(Path[]::new));
        for (var place : places) {
            assertAllFrom(place, search());
            for (var file : ALL) {
                Files.delete(place.resolve(file));
            }
        }
        assertTrue(search().files().isEmpty());
    }

    @Test
    void onePlaceThatHasAllIsPreferredToAMix() throws IOException {
        put("usr/local/cuda/lib64", TOOLKIT);
        put("usr/lib/x86_64-linux-gnu", CUDNN);
        assertAllFrom(put(hostEnvironment.home.resolve(".local/lib/python3.12/site-packages/nvidia/cu13/lib"), ALL), search());
    }

    /** The most usual installation: NVIDIA's toolkit, and cuDNN as a package of the distribution. */
    @Test
    void familiesMayComeFromPlacesOfTheirOwn() throws IOException {
        var toolkit = put("usr/local/cuda/lib64", TOOLKIT);
        var debian = put("usr/lib/x86_64-linux-gnu", CUDNN);
        var found = search();
        found.requireWhole();
        assertEquals(List.of(debian, toolkit), List.copyOf(foldersOf(found)));
    }

    @Test
    void pipsFoldersOfOnePythonAreOnePlace() throws IOException {
        put("usr/local/cuda/lib64", TOOLKIT);
        var nvidia = hostEnvironment.home.resolve(".local/lib/python3.12/site-packages/nvidia");
        var folders = List.of(put(nvidia.resolve("cublas/lib"), CUBLAS), put(nvidia.resolve("cuda_runtime/lib"), RUNTIME),
                put(nvidia.resolve("cudnn/lib"), CUDNN));
        var found = search();
        assertEquals(folders, List.copyOf(foldersOf(found)));
        assertEquals(List.of("CUDA runtime", "cuBLAS", "cuDNN"),
                found.places().stream().filter(place -> place.name().equals(nvidia + "/*/lib")).findFirst().orElseThrow().contents());
    }

    /** The first folder's cuDNN is not whole, so none of it is used. */
    @Test
    void familyIsTakenWholeFromOneFolder() throws IOException {
        put("usr/local/cuda/lib64", join(TOOLKIT, new String[] {"libcudnn_graph.so.9"}));
        var debian = put("usr/lib/x86_64-linux-gnu", CUDNN);
        assertEquals(debian.resolve("libcudnn_graph.so.9"), search().files().get(CudaLibrary.CUDNN_GRAPH));
    }

    @Test
    void toolkitOfSeveralNamesIsOnePlace() throws IOException {
        put("usr/local/cuda-13.0/lib64", TOOLKIT);
        Files.createSymbolicLink(hostEnvironment.root.resolve("usr/local/cuda"), Path.of("cuda-13.0"));
        var names = search().places().stream().map(LibraryLocation::name).toList();
        assertTrue(names.contains(hostEnvironment.root + "/usr/local/cuda"), names.toString());
        assertTrue(names.stream().noneMatch(name -> name.contains("cuda-13")), names.toString());
    }

    @Test
    void placesThatAreNotThereAreNamedAllTheSame() {
        var root = hostEnvironment.root;
        var home = hostEnvironment.home;
        assertEquals(List.of("LD_LIBRARY_PATH (not set)", root + "/etc/ld.so.cache (the loader's places)", root + "/usr/local/cuda",
                root + "/usr/local/cuda-13*", root + "/usr/lib/x86_64-linux-gnu", root + "/usr/lib64",
                home + "/.local/lib/python3*/{site,dist}-packages/nvidia",
                root + "/usr/local/lib/python3*/{site,dist}-packages/nvidia", root + "/usr/lib/python3*/{site,dist}-packages/nvidia",
                home + "/.pyenv/versions/*/lib/python3*/{site,dist}-packages/nvidia"), search().places().stream().map(LibraryLocation::name).toList());
    }

    @Test
    void foldersOfThePropertyAreTheOnlyOnes() throws IOException {
        put("usr/local/cuda/lib64", ALL);
        var toolkit = put(folder.resolve("one"), TOOLKIT);
        var cudnn = put(folder.resolve("two"), join(CUDNN, new String[] {"libcuda.so.1"}));
        hostEnvironment.properties.put("maskleap.cuda.path", toolkit + ":" + cudnn);
        var found = search();
        found.requireWhole();
        assertEquals(List.of(toolkit, cudnn), List.copyOf(foldersOf(found)));
        assertEquals(List.of("-Dmaskleap.cuda.path=" + toolkit + ":" + cudnn), found.places().stream().map(LibraryLocation::name).toList());
        assertEquals(cudnn.resolve("libcuda.so.1"), found.driver().orElseThrow());
    }

    @Test
    void driverIsTheLoadersUnlessThePropertysFoldersHaveIt() throws IOException {
        put("usr/local/cuda/lib64", join(ALL, new String[] {"libcuda.so.1"}));
        assertTrue(search().driver().isEmpty());
        hostEnvironment.properties.put("maskleap.cuda.path", put(folder.resolve("one"), ALL).toString());
        assertTrue(search().driver().isEmpty());
    }

    @Test
    void folderOfThePropertyThatIsNotThereIsNamed() throws IOException {
        var path = put(folder.resolve("one"), ALL) + ":" + folder.resolve("none");
        hostEnvironment.properties.put("maskleap.cuda.path", path);
        assertEquals("-Dmaskleap.cuda.path=" + path + ": there is no folder " + folder.resolve("none"),
                assertThrows(MaskleapException.class, this::search).getMessage());
    }

    @Test
    void whatIsMissingIsNamedByFamily() {
        assertEquals("there is no CUDA runtime (libcudart.so.13) and no cuBLAS (libcublasLt.so.13, libcublas.so.13) and no cuDNN (libcudnn_graph.so.9, "
                + "libcudnn_ops.so.9, libcudnn_cnn.so.9, libcudnn_adv.so.9) in the 10 places where CUDA's libraries may be ('maskleap devices' lists them); "
                + "install the CUDA toolkit 13 and cuDNN 9 for CUDA 13 (or: pip install 'nvidia-cuda-runtime<14' 'nvidia-cublas<14' nvidia-cudnn-cu13), "
                + "or name the folders that have all of CUDA's libraries with -Dmaskleap.cuda.path=DIRS", refusal(search()));
    }

    @Test
    void folderThatLacksSomeIsNamed() throws IOException {
        var place = put(folder.resolve("one"), join(TOOLKIT, new String[] {"libcudnn_graph.so.9", "libcudnn_ops.so.9"}));
        hostEnvironment.properties.put("maskleap.cuda.path", place.toString());
        assertEquals("there is no cuDNN (libcudnn_cnn.so.9, libcudnn_adv.so.9) in -Dmaskleap.cuda.path=" + place
                + "; install cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13), "
                + "or name the folders that have all of CUDA's libraries with -Dmaskleap.cuda.path=DIRS", refusal(search()));
    }

    @Test
    void librariesOfAnotherVersionAreNamed() throws IOException {
        var old = put("usr/local/cuda/lib64", "libcudart.so.12", "libcublasLt.so.12", "libcublas.so.12");
        put("usr/lib/x86_64-linux-gnu", CUDNN);
        assertEquals("there is no CUDA runtime (libcudart.so.13) and no cuBLAS (libcublasLt.so.13, libcublas.so.13) in the 10 places where CUDA's "
                + "libraries may be ('maskleap devices' lists them), but another version: " + old + "/libcudart.so.12; install the CUDA toolkit 13 "
                + "(or: pip install 'nvidia-cuda-runtime<14' 'nvidia-cublas<14'), or name the folders that have all of CUDA's libraries with "
                + "-Dmaskleap.cuda.path=DIRS", refusal(search()));
        assertEquals(List.of("libcublas.so.12", "libcublasLt.so.12", "libcudart.so.12"), search().places().get(2).contents().stream().sorted().toList());
    }

    @Test
    void familyThatIsScatteredIsRefused() throws IOException {
        var toolkit = put("usr/local/cuda/lib64", join(TOOLKIT, new String[] {"libcudnn_graph.so.9", "libcudnn_ops.so.9"}));
        var debian = put("usr/lib/x86_64-linux-gnu", "libcudnn_cnn.so.9", "libcudnn_adv.so.9");
        assertEquals("cuDNN is mixed: " + toolkit + "/libcudnn_graph.so.9 has no libcudnn_cnn.so.9 beside it, that is " + debian + "/libcudnn_cnn.so.9; "
                + "wanted all of cuDNN in one folder: install cuDNN 9 for CUDA 13 (or: pip install nvidia-cudnn-cu13) anew, "
                + "or name the folders that have all of CUDA's libraries with -Dmaskleap.cuda.path=DIRS", refusal(search()));
    }
}
