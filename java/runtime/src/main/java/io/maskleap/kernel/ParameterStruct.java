package io.maskleap.kernel;

/** The header's parameter structs, in the order of {@code LEAP_STRUCT_...}, with the sizes that Java writes. */
enum ParameterStruct {
    ATTENTION(136),
    ADD_NORM(72),
    EMBED(104),
    GATHER(96),
    STEP(40),
    SAMPLE(136),
    SELECT(120),
    ROPE(56),
    GROUP_NORM(96);

    final long bytes;

    ParameterStruct(long bytes) {
        this.bytes = bytes;
    }
}
