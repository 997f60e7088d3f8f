package io.maskleap.cli;

import java.io.PrintWriter;

/** Text in lines that fit a terminal. */
final class Paragraph {
    private static final int WIDTH = 100;

    private Paragraph() {
    }

    /** Prints {@code label} and beside it {@code text}, broken between words. A word that is longer than a line stays whole. */
    static void print(PrintWriter out, String label, String text) {
        var line = new StringBuilder(label);
        boolean empty = true;
        for (var word : text.split(" ")) {
            if (!empty && line.length() + 1 + word.length() > WIDTH) {
                out.println(line);
                line = new StringBuilder(" ".repeat(label.length()));
                empty = true;
            }
            line.append(empty ? "" : " ").append(word);
            empty = false;
        }
        out.println(line);
    }
}
