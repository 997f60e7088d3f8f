package io.maskleap.network;

/** Numbers of things, for people. */
public final class Counts {
    private Counts() {
    }

    /** Such as "1 head" or "2 heads". */
    public static String of(int n, String one) {
        return of(n, one, one + "s");
    }

    /** As {@link #of(int, String)}, with a plural of its own. */
    public static String of(int n, String one, String several) {
        return n + " " + (n == 1 ? one : several);
    }
}
