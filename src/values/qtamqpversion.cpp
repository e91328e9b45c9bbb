// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include <QtAmqp/qtamqpglobal.h>

QT_BEGIN_NAMESPACE

/*! \headerfile <QtAmqp/QtAmqp>
    \inmodule QtAmqp
    \title The version of QtAmqp
    \brief Which version a program is compiled with, and which it runs with.

    Versions follow \l{https://semver.org}{Semantic Versioning}; the page \l{Versions and ABI} says what that
    means for programs and packages.
*/

/*! \macro QTAMQP_VERSION_STR
    \relates <QtAmqp/QtAmqp>
    The version of the headers as a string, such as \c "1.0.0". */

/*! \macro QTAMQP_VERSION_MAJOR
    \relates <QtAmqp/QtAmqp>
    The first number of the version of the headers. */

/*! \macro QTAMQP_VERSION_MINOR
    \relates <QtAmqp/QtAmqp>
    The second number of the version of the headers. */

/*! \macro QTAMQP_VERSION_PATCH
    \relates <QtAmqp/QtAmqp>
    The third number of the version of the headers. */

/*! \macro QTAMQP_VERSION
    \relates <QtAmqp/QtAmqp>
    The version of the headers as one number, which QTAMQP_VERSION_CHECK() makes. */

/*! \macro int QTAMQP_VERSION_CHECK(major, minor, patch)
    \relates <QtAmqp/QtAmqp>
    Makes one number of a version, to be compared with QTAMQP_VERSION, also by the preprocessor. Each of
    \a major, \a minor and \a patch is at most 255. */

/*! \relates <QtAmqp/QtAmqp>
    Returns the version of the library that the program runs with, such as \c "1.0.0". With a shared library it may
    be newer than QTAMQP_VERSION_STR, with which the program was compiled. May be called at any time in any thread. */
const char *qtAmqpVersion() noexcept { return QTAMQP_VERSION_STR; }

QT_END_NAMESPACE
