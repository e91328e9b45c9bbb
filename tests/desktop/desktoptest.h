// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_DESKTOPTEST_H
#define QTAMQP_TESTS_DESKTOPTEST_H

#include <QtGui/qimage.h>
#include <QtGui/qpalette.h>

#include <functional>

// What the tests of desktop programs share: palettes, and pictures of windows to look at.

namespace DesktopTest {

QPalette lightPalette();
QPalette darkPalette();

// Writes NAME.png into the folder of screenshots, NAME-2x.png with a scale factor of 2, NAME-xvfb.png
// in a real window system. The documentation shows those without a suffix, see tests/desktop/pictures.sh.
bool savePicture(const QImage &picture, const QString &name);

// Saves two pictures of what `grab` returns, NAME-light and NAME-dark, with the colours of such a desktop. Qt 6.4
// knows a desktop's colour scheme by its palette alone: the platform theme sets it, and so does this function.
bool photograph(const QString &name, const std::function<QImage()> &grab);

// Runs rabbitmqctl for the node that is tested with; false if it fails.
bool ctl(const QStringList &arguments);

// Presses keys, moves the mouse and so on, as the tool of that name is told to; needs the platform xcb.
bool xdotool(const QStringList &arguments);

} // namespace DesktopTest

#endif
