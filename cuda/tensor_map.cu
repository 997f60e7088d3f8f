/* tensor_map.cu: descriptions of tensors for Hopper's copy engine.
 *
 * What      no computation: the driver encodes sizes, strides, box and swizzle
 * Layouts   dimensions are innermost first: element of a head, head, row
 * A thread  of the host may call this at any time
 * Wants     base and strides on 16 bytes, sizes below 2^32
 * Source    CUDA driver API, cuTensorMapEncodeTiled
 */
#include "tensor_map.cuh"

#include "launch.cuh"

namespace leap {

leap_status make_tensor_map(ptx::TensorMap& map, const void* base, int64_t rows, int heads, int head_dim, int64_t stride) {
#if defined(LEAP_EMULATED)
    map = {static_cast<const std::byte*>(base),
           {head_dim, heads, rows},
           {sizeof(bf16), int64_t(head_dim * sizeof(bf16)), int64_t(stride * sizeof(bf16))},
           {BOX_COLUMNS, 1, BOX_ROWS}};
    return LEAP_OK;
#else
    // From the driver, by way of the runtime: the library is not linked with it.
    static void* const encode = [] {
        void* function = nullptr;
        cudaDriverEntryPointQueryResult result;
        constexpr unsigned CUDA_12_0 = 12000;
        return cudaGetDriverEntryPointByVersion("cuTensorMapEncodeTiled", &function, CUDA_12_0, cudaEnableDefault, &result) ==
                       cudaSuccess
                   ? function
                   : nullptr;
    }();
    LEAP_REQUIRE(encode, LEAP_DEVICE_ERROR, "attention: the driver has no cuTensorMapEncodeTiled; it must be of CUDA 12.0 or newer");
    const cuuint64_t sizes[3] = {cuuint64_t(head_dim), cuuint64_t(heads), cuuint64_t(rows)};
    const cuuint64_t strides[2] = {head_dim * sizeof(bf16), stride * sizeof(bf16)};  // the innermost one is known
    const cuuint32_t box[3] = {BOX_COLUMNS, 1, BOX_ROWS}, element_strides[3] = {1, 1, 1};
    const CUresult result = reinterpret_cast<decltype(&cuTensorMapEncodeTiled)>(encode)(
        &map, CU_TENSOR_MAP_DATA_TYPE_BFLOAT16, 3, const_cast<void*>(base), sizes, strides, box, element_strides,
        CU_TENSOR_MAP_INTERLEAVE_NONE, CU_TENSOR_MAP_SWIZZLE_128B, CU_TENSOR_MAP_L2_PROMOTION_L2_256B,
        CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE);
    LEAP_REQUIRE(result == CUDA_SUCCESS, LEAP_DEVICE_ERROR,
                 "cuTensorMapEncodeTiled: error %d for %lld rows of %d heads of %d, %lld elements apart", int(result),
                 (long long)rows, heads, head_dim, (long long)stride);
    return LEAP_OK;
#endif
}

}  // namespace leap
