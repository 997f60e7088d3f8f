package io.maskleap.device.cuda;

import java.util.List;

/**
 * What a probe found, as far as it went.
 *
 * @param libraries the driver's library, then those of CUDA; the driver's version is the newest CUDA that it supports
 * @param gpus      those that the driver finds, of whatever kind
 * @param places    where CUDA's libraries were looked for, in order
 */
public record CudaFindings(List<FoundLibrary> libraries, List<Gpu> gpus, List<SearchedPlace> places) {

    /**
     * A place where CUDA's libraries were looked for.
     *
     * @param name     for people: a folder, several, or a variable with its value
     * @param contents what was there: families of libraries by name, single libraries by file name
     */
    public record SearchedPlace(String name, List<String> contents) {
    }
}
