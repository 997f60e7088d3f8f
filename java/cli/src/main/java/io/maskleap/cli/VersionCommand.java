package io.maskleap.cli;

import io.maskleap.Device;
import io.maskleap.Maskleap;
import io.maskleap.error.MaskleapException;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

@Command(name = "version", description = "Show the versions of Maskleap, Java, the system and the native library.")
final class VersionCommand implements Runnable, IVersionProvider {
    @Spec
    private CommandSpec spec;

    @Override
    public void run() {
        var out = spec.commandLine().getOut();
        out.println(getVersion()[0]);
        out.println("Java " + System.getProperty("java.vm.version") + ", " + System.getProperty("java.vendor"));
        out.println(System.getProperty("os.name") + " " + System.getProperty("os.version") + ", " + System.getProperty("os.arch"));
        out.println(cpu());
    }

    /** What the CPU computes with; a program for GPUs may come without it. */
    private static String cpu() {
        try {
            return Maskleap.nativeLibraryInfo(Device.cpu());
        } catch (MaskleapException e) {
            return "cpu cannot be used: " + e.getMessage();
        }
    }

    @Override
    public String[] getVersion() {
        return new String[] {"Maskleap " + Maskleap.VERSION};
    }
}
