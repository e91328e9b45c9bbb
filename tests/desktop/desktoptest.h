#ifndef QTAMQP_TESTS_DESKTOPTEST_H
#define QTAMQP_TESTS_DESKTOPTEST_H

#include <QtGui/qpalette.h>
#include <QtWidgets/qwidget.h>

// What the tests of desktop programs share: palettes, and pictures of windows to look at.

namespace DesktopTest {

QPalette lightPalette();
QPalette darkPalette();

// Writes NAME.png (NAME-2x.png with a scale factor of 2) into the folder of screenshots.
bool savePicture(const QImage &picture, const QString &name);

} // namespace DesktopTest

#endif
