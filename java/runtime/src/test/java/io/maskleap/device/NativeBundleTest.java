package io.maskleap.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.maskleap.error.MaskleapException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NativeBundleTest {
    @ParameterizedTest
    @CsvSource({"Linux, amd64, linux-x86_64", "Linux, aarch64, linux-arm64", "Mac OS X, aarch64, macosx-arm64", "Windows 11, amd64, windows-x86_64"})
    void platformsAreNamedAsJavaCppNamesThem(String os, String architecture, String expected) {
        assertEquals(expected, NativeBundle.platform(os, architecture));
    }

    @Test
    void libraryThatIsInNoJarIsNamedWithTheJarThatHasIt() {
        var platform = NativeBundle.platform(System.getProperty("os.name"), System.getProperty("os.arch"));
        var message = assertThrows(MaskleapException.class, () -> NativeBundle.maskleap("libnone.so")).getMessage();
        assertEquals("native library libnone.so is in no jar of this program; put io.maskleap:maskleap-native with classifier " + platform
                + " on the class path", message);
    }
}
