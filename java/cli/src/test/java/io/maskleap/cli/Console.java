package io.maskleap.cli;

import java.io.PrintWriter;
import java.io.StringWriter;

/** A run of the program within this process. */
record Console(int status, String out, String err) {
    static Console run(String... args) {
        var out = new StringWriter();
        var err = new StringWriter();
        int status = Main.run(new PrintWriter(out, true), new PrintWriter(err, true), args);
        return new Console(status, out.toString(), err.toString());
    }
}
