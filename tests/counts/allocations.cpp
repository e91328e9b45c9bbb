// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "counts/allocations.h"

#include <atomic>
#include <cstdlib>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#  define QTAMQP_SANITIZED
#elif defined(__has_feature)
#  if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#    define QTAMQP_SANITIZED
#  endif
#endif

namespace {

std::atomic<unsigned long> count;

} // namespace

unsigned long QtAmqpTest::allocationCount() { return count; }

#if defined(__GLIBC__) && !defined(QTAMQP_SANITIZED)

const bool QtAmqpTest::countsAllocations = true;

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming)
// What these are called in glibc besides. free() takes what they return, so that it need not be replaced.
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t number, size_t size);
void *__libc_realloc(void *memory, size_t size);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)

__attribute__((visibility("default"))) void *malloc(size_t size) noexcept
{
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *calloc(size_t number, size_t size) noexcept
{
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(number, size);
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t size) noexcept
{
    count.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(memory, size);
}

} // extern "C"

#else

const bool QtAmqpTest::countsAllocations = false;

#endif
