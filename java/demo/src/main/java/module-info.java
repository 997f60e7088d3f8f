/** A small trained model, ten shape classes at 64 x 64 pixels, that travels in a jar. */
module io.maskleap.demo {
    requires io.maskleap;

    exports io.maskleap.demo;
}
