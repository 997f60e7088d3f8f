package io.maskleap.device.cuda;

import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.stream.Collectors;

/**
 * The libraries that the JNI libraries of the CUDA presets need, by their sonames. In this order each finds those that it needs
 * itself loaded before it.
 */
enum CudaLibrary {
    CUDART("libcudart.so.13", Family.RUNTIME),
    CUBLAS_LT("libcublasLt.so.13", Family.CUBLAS),
    CUBLAS("libcublas.so.13", Family.CUBLAS),
    CUDNN_GRAPH("libcudnn_graph.so.9", Family.CUDNN),
    CUDNN_OPS("libcudnn_ops.so.9", Family.CUDNN),
    CUDNN_CNN("libcudnn_cnn.so.9", Family.CUDNN),
    CUDNN_ADV("libcudnn_adv.so.9", Family.CUDNN);

    /** Libraries that are released together and go together only in one version. */
    enum Family {
        RUNTIME("CUDA runtime", "the CUDA toolkit 13", "'nvidia-cuda-runtime<14'"),
        CUBLAS("cuBLAS", "the CUDA toolkit 13", "'nvidia-cublas<14'"),
        CUDNN("cuDNN", "cuDNN 9 for CUDA 13", "nvidia-cudnn-cu13");

        /** What people call it. */
        final String title;

        private final String product;
        private final String pipPackage;

        Family(String title, String product, String pipPackage) {
            this.title = title;
            this.product = product;
            this.pipPackage = pipPackage;
        }

        /** What to do for these, in words: {@code install ...}. */
        static String installation(Collection<Family> families) {
            return "install " + families.stream().map(family -> family.product).distinct().collect(Collectors.joining(" and ")) + " (or: pip install "
                    + families.stream().map(family -> family.pipPackage).collect(Collectors.joining(" ")) + ")";
        }

        List<CudaLibrary> members() {
            return Arrays.stream(CudaLibrary.values()).filter(library -> library.family == this).toList();
        }
    }

    final String soname;
    final Family family;

    CudaLibrary(String soname, Family family) {
        this.soname = soname;
        this.family = family;
    }

    /** Whether {@code fileName} is that of one of these libraries, in whatever version. */
    static boolean isNamed(String fileName) {
        return Arrays.stream(values()).anyMatch(library -> fileName.equals(library.soname) || library.isOtherVersion(fileName));
    }

    /** Whether {@code fileName} is this library's soname with another number. */
    boolean isOtherVersion(String fileName) {
        var stem = soname.substring(0, soname.lastIndexOf('.') + 1);
        return fileName.startsWith(stem) && fileName.substring(stem.length()).matches("[0-9]+") && !fileName.equals(soname);
    }
}
