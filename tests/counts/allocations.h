// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_ALLOCATIONS_H
#define QTAMQP_TESTS_ALLOCATIONS_H

// Counts the allocations of the process, those of Qt and of the C++ library too, since malloc() itself is replaced.

namespace QtAmqpTest {

// Whether they are counted. They are not under a sanitizer, which replaces malloc() itself, and with another C
// library than glibc.
extern const bool countsAllocations;

// Calls of malloc(), calloc() and realloc() since the start, in all threads.
unsigned long allocationCount();

} // namespace QtAmqpTest

#endif
