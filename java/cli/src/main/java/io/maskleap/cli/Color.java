package io.maskleap.cli;

/** A colour of the sheets. */
record Color(byte red, byte green, byte blue) {
    static final Color WHITE = of(0xffffff);
    static final Color GREY = of(0x9a9a9a);
    static final Color ORANGE = of(0xe6550d);
    static final Color BLUE = of(0x3182bd);

    private static Color of(int rgb) {
        return new Color((byte) (rgb >> 16), (byte) (rgb >> 8), (byte) rgb);
    }
}
