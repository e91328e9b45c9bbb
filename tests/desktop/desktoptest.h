// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_DESKTOPTEST_H
#define QTAMQP_TESTS_DESKTOPTEST_H

#include <QtGui/qimage.h>
#include <QtGui/qpalette.h>

// What the tests of desktop programs share: palettes, and pictures of windows to look at.

namespace DesktopTest {

QPalette lightPalette();
QPalette darkPalette();

// Writes NAME.png into the folder of screenshots, NAME-2x.png with a scale factor of 2, NAME-xvfb.png
// in a real window system.
bool savePicture(const QImage &picture, const QString &name);

// Runs rabbitmqctl for the node that is tested with; false if it fails.
bool ctl(const QStringList &arguments);

// Presses keys, moves the mouse and so on, as the tool of that name is told to; needs the platform xcb.
bool xdotool(const QStringList &arguments);

} // namespace DesktopTest

#endif
