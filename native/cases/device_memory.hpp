/* device_memory.hpp: memory of the device under test, the only thing in which devices differ here.
 *
 * CPU: each buffer is a heap block of exact size, which AddressSanitizer guards.
 * Emulated: each buffer is a heap block of exact size, and poisoned for AddressSanitizer except while a kernel runs or the
 * runner copies: a launcher that reads device memory on the host is found out.
 * On a GPU: each buffer has guard bands, which are looked at when it is freed.
 */
#pragma once

#include <cstddef>
#include <string>

namespace leap::cases::device {

/* Aligned to 256 bytes, filled with 0xFF: NaN in both dtypes, -1 as an integer. Throws where there is no memory, or no device. */
void* allocate(std::size_t bytes);

/* Returns "" or what has written beyond the buffer's ends. */
std::string free(void* memory, std::size_t bytes);

void copy_to(void* target, const void* host, std::size_t bytes);
void copy_from(void* host, const void* source, std::size_t bytes);

/* Waits for all that was launched. Returns "" or what went wrong. */
std::string synchronize();

/* For the report: the device's name, or that it is emulated. */
std::string name();

/* True where calls look at what lies in device memory, and refuse an id or a count that is out of its range: the CPU. */
bool refuses_lies();

/* True where cases of real sizes take no more than moments. */
bool is_fast();

/* On a GPU: allocate() fills nothing from now on, so that reads of what nobody has written can be seen. Emulated: no effect. */
void leave_unfilled();

/* Emulated: the order in which threads, blocks and asynchronous copies take place. On a GPU: no effect. */
void set_schedule(unsigned seed);

}  // namespace leap::cases::device
