/**
 * Maskleap: masked image generation with MIGM-Shortcut, on native kernels.
 *
 * <p>Give it native access by name: {@code --enable-native-access=io.maskleap}; for a GPU also to {@code org.bytedeco.javacpp} and
 * {@code org.bytedeco.cuda}.
 */
@SuppressWarnings("module") // The demo is compiled after this module.
module io.maskleap {
    requires org.bytedeco.cuda;
    requires org.bytedeco.javacpp;
    requires org.snakeyaml.engine;
    requires tools.jackson.core;

    exports io.maskleap;
    exports io.maskleap.cache to io.maskleap.demo;
    exports io.maskleap.error;
    exports io.maskleap.sampling;
    exports io.maskleap.tools;
}
