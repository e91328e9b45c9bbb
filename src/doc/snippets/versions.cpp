// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// The piece of code of the page "Versions and ABI" (\snippet). The tests compile it.

#include <QtAmqp/QtAmqp>

#include <QtCore/qdebug.h>

void version()
{
    //! [version]
#if QTAMQP_VERSION >= QTAMQP_VERSION_CHECK(1, 1, 0)
    // what was added in 1.1 may be used
#endif
    qInfo() << "compiled with" << QTAMQP_VERSION_STR << "and running with" << qtAmqpVersion();
    //! [version]
}
