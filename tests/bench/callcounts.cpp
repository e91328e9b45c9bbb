// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Preloaded into any client (LD_PRELOAD), it counts calls of malloc(), calloc() and realloc() (allocations.cpp), and the
// bytes that memcpy() and memmove() copy. What the compiler copies inline and what the C library copies itself are not
// seen. At the end it writes "ALLOCATIONS BYTES" to the file that QTAMQP_BENCH_CALLS names.

#include "counts/allocations.h"

#include <dlfcn.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace {

using Copy = void *(*)(void *, const void *, size_t);

std::atomic<unsigned long> copied;
Copy realMemcpy;
Copy realMemmove;

// Until the real ones are found. (Compiled so that it does not become a call of memmove() itself.)
void *copyByteByByte(void *to, const void *from, size_t size)
{
    auto *target = static_cast<char *>(to);
    const auto *source = static_cast<const char *>(from);
    for (size_t i = 0; i < size; ++i) {
        const size_t at = target < source ? i : size - 1 - i;
        target[at] = source[at];
    }
    return to;
}

void *copy(Copy real, void *to, const void *from, size_t size)
{
    copied.fetch_add(size, std::memory_order_relaxed);
    return real ? real(to, from, size) : copyByteByByte(to, from, size);
}

[[gnu::constructor]] void start()
{
    realMemcpy = reinterpret_cast<Copy>(dlsym(RTLD_NEXT, "memcpy"));
    realMemmove = reinterpret_cast<Copy>(dlsym(RTLD_NEXT, "memmove"));
}

[[gnu::destructor]] void finish()
{
    const unsigned long allocations = QtAmqpTest::allocationCount();
    const unsigned long bytes = copied;
    const char *name = std::getenv("QTAMQP_BENCH_CALLS");
    std::FILE *file = name ? std::fopen(name, "w") : nullptr;
    if (!file)
        return;
    std::fprintf(file, "%lu %lu\n", allocations, bytes);
    std::fclose(file);
}

} // namespace

extern "C" {

void *memcpy(void *to, const void *from, size_t size) noexcept
{
    return copy(realMemcpy, to, from, size);
}

void *memmove(void *to, const void *from, size_t size) noexcept
{
    return copy(realMemmove, to, from, size);
}

// What these two become where programs were built with _FORTIFY_SOURCE.
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
void *__memcpy_chk(void *to, const void *from, size_t size, size_t) noexcept
{
    return copy(realMemcpy, to, from, size);
}

void *__memmove_chk(void *to, const void *from, size_t size, size_t) noexcept
{
    return copy(realMemmove, to, from, size);
}

// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

} // extern "C"
