// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_MACROS_H
#define QTAMQP_TESTS_MACROS_H

// The names that other people's headers take from everybody. A public header that uses one of them
// does not compile behind this file. Qt and the standard library come first, as they are not on trial.

#include <QtCore/QtCore>
#include <QtNetwork/QtNetwork>

#include <chrono>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

// X11: None, Always, Bool, Status, Success, Unsorted and many more.
#if __has_include(<X11/Xlib.h>)
#  include <X11/X.h>
#  include <X11/Xlib.h>
#  include <X11/Xutil.h>
#elif defined(__linux__)
#  error "X11/Xlib.h is needed (Debian package libx11-dev)"
#endif

// windows.h, unless it is told NOMINMAX and WIN32_LEAN_AND_MEAN.
#undef min
#undef max
#define min(a, b) (((a) < (b)) ? (a) : (b))
#define max(a, b) (((a) > (b)) ? (a) : (b))
#define near
#define far
#define small char
#define interface struct
#define IN
#define OUT
#define OPTIONAL
#define CONST const
#define ERROR 0
#define NO_ERROR 0L
#define DELETE (0x00010000L)
#define TRUE 1
#define FALSE 0
#define DIFFERENCE 11
#define Yield()
#define GetMessage GetMessageW
#define SendMessage SendMessageW
#define PostMessage PostMessageW
#define GetObject GetObjectW
#define GetClassName GetClassNameW
#define CreateEvent CreateEventW
#define ReportEvent ReportEventW

// AssertMacros.h of macOS.
#undef check
#undef verify
#undef require
#define check(assertion)
#define verify(assertion)
#define require(assertion, label)

// Qt's keywords, which programs have unless they are told QT_NO_KEYWORDS.
#define emit
#define signals public
#define slots
#define forever for (;;)
#define foreach Q_FOREACH

// sys/sysmacros.h and the compiler itself.
#undef major
#undef minor
#undef makedev
#undef unix
#undef linux
#define major(device) device
#define minor(device) device
#define makedev(high, low) high
#define unix 1
#define linux 1

#endif
