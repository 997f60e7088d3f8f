/** The command line. */
module io.maskleap.cli {
    requires info.picocli;
    requires io.maskleap;
    requires io.maskleap.demo;
    requires me.tongfei.progressbar;
    requires tools.jackson.core;

    opens io.maskleap.cli to info.picocli;
}
