/* emulated.h: what libcudart.so.13 of the emulation exports for tests, beside CUDA's functions. All counts and plans are the
 * process's; all functions may be called at any time by any thread.
 */
#ifndef MASKLEAP_EMULATED_H
#define MASKLEAP_EMULATED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Forgets calls, planned failures, faults and errors that stick, and sets the memory back to 8 GiB. Objects live on. */
void emulated_reset(void);

/* The nth call from now (1: the next one) of `function` returns `status` and does nothing; once. NULL: the nth call of any function
 * that returns a status, with its library's general failure in place of `status`: 999 (driver, runtime), 14 (cuBLASLt), 5000
 * (cuDNN). The emulated kernels' launches are calls of "cudaLaunchKernel". */
void emulated_fail(const char* function, int64_t nth, int32_t status);

/* How many calls since the reset could have failed. */
int64_t emulated_calls(void);

/* The names of these calls, each on a line of its own, with " capturing" behind those made into a stream that was being captured.
 * Writes as much as fits into `size` bytes, ended by 0; returns the length of the whole text without the 0. */
int64_t emulated_log(char* text, int64_t size);

/* How many objects of all libraries are alive: allocations, streams, events, graphs, handles, descriptors. */
int64_t emulated_live_objects(void);

/* The same as text: a line "kind count" for each kind that there is. As emulated_log. */
int64_t emulated_live_kinds(char* text, int64_t size);

/* Bytes of each device's memory from now on. */
void emulated_set_memory(int64_t total);

/* What broke the first piece of queued work that failed since the reset; "" if none did. Valid until the next reset. */
const char* emulated_last_fault(void);

#ifdef __cplusplus
}
#endif
#endif
