package io.maskleap.device.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class BucketsTest {

    @ParameterizedTest
    @CsvSource({"0, 0", "1, 16", "16, 16", "17, 32", "64, 64", "65, 80", "128, 128", "129, 160", "256, 256", "257, 320", "513, 640", "1023, 1024", "1024, 1024"})
    void sizesGoToTheNextBucket(int size, int bucket) {
        assertEquals(bucket, Buckets.of(size, 1024));
    }

    @Test
    void noBucketIsLargerThanTheMostOrSmallerThanTheSize() {
        for (int most = 1; most <= 300; most++) {
            for (int size = 0; size <= most; size++) {
                int bucket = Buckets.of(size, most);
                assertTrue(bucket >= size && bucket <= most, size + " of " + most + " went to " + bucket);
            }
        }
    }

    @Test
    void fewBucketsWasteLittle() {
        assertEquals(20, IntStream.rangeClosed(1, 1024).map(size -> Buckets.of(size, 1024)).distinct().count());
        assertTrue(IntStream.rangeClosed(64, 1024).allMatch(size -> Buckets.of(size, 1024) <= 1.25 * size));
    }
}
