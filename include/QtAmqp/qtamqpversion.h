// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQPVERSION_H
#define QTAMQPVERSION_H

// The one place where the version stands: CMake reads it from here.
#define QTAMQP_VERSION_STR "1.0.0"

#define QTAMQP_VERSION_MAJOR 1
#define QTAMQP_VERSION_MINOR 0
#define QTAMQP_VERSION_PATCH 0

#define QTAMQP_VERSION_CHECK(major, minor, patch) (((major) << 16) | ((minor) << 8) | (patch))
#define QTAMQP_VERSION \
  QTAMQP_VERSION_CHECK(QTAMQP_VERSION_MAJOR, QTAMQP_VERSION_MINOR, QTAMQP_VERSION_PATCH)

#endif
