module postcard {
    requires io.maskleap;
    requires io.maskleap.demo;
}
