/* device_memory_cuda.cpp: device memory of the current GPU, with guard bands around every buffer. */
#include <cuda_runtime_api.h>

#include <algorithm>
#include <stdexcept>
#include <vector>

#include "device_memory.hpp"

namespace leap::cases::device {
namespace {

constexpr std::size_t BAND_BYTES = 4096;
constexpr unsigned char BAND_VALUE = 0xA5;

bool filled = true;

std::byte* start_of(void* memory) { return static_cast<std::byte*>(memory) - BAND_BYTES; }

/* Bytes of the band at `band` that are not as they were. */
std::size_t damage(const std::byte* band) {
    std::vector<unsigned char> bytes(BAND_BYTES);
    if (cudaMemcpy(bytes.data(), band, BAND_BYTES, cudaMemcpyDeviceToHost) != cudaSuccess) return BAND_BYTES;
    return BAND_BYTES - std::size_t(std::count(bytes.begin(), bytes.end(), BAND_VALUE));
}

}  // namespace

void* allocate(std::size_t bytes) {
    void* start = nullptr;
    const cudaError_t error = cudaMalloc(&start, bytes + 2 * BAND_BYTES);
    if (error != cudaSuccess)
        throw std::runtime_error("cudaMalloc of " + std::to_string(bytes) + " bytes: " + cudaGetErrorString(error));
    std::byte* memory = static_cast<std::byte*>(start) + BAND_BYTES;
    cudaMemset(start, BAND_VALUE, BAND_BYTES);
    if (filled) cudaMemset(memory, 0xFF, bytes);
    cudaMemset(memory + bytes, BAND_VALUE, BAND_BYTES);
    return memory;
}

std::string free(void* memory, std::size_t bytes) {
    const std::size_t before = damage(start_of(memory));
    const std::size_t after = damage(static_cast<std::byte*>(memory) + bytes);
    cudaFree(start_of(memory));
    if (before + after == 0) return "";
    return "a buffer of " + std::to_string(bytes) + " bytes: " + std::to_string(before) + " bytes before it and " +
           std::to_string(after) + " behind it were written";
}

void copy_to(void* target, const void* host, std::size_t bytes) {
    cudaMemcpy(target, host, bytes, cudaMemcpyHostToDevice);
}

void copy_from(void* host, const void* source, std::size_t bytes) {
    cudaMemcpy(host, source, bytes, cudaMemcpyDeviceToHost);
}

std::string synchronize() {
    const cudaError_t error = cudaDeviceSynchronize();
    return error == cudaSuccess ? "" : std::string(cudaGetErrorName(error)) + ": " + cudaGetErrorString(error);
}

std::string name() {
    int device = 0;
    cudaDeviceProp properties;
    if (cudaGetDevice(&device) != cudaSuccess || cudaGetDeviceProperties(&properties, device) != cudaSuccess) return "none";
    return properties.name;
}

bool refuses_lies() { return false; }

bool is_fast() { return true; }

void leave_unfilled() { filled = false; }

void set_schedule(unsigned) {}

}  // namespace leap::cases::device
