// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "desktoptest.h"

#include <QtCore/qdir.h>
#include <QtCore/qprocess.h>
#include <QtCore/qstandardpaths.h>
#include <QtGui/qguiapplication.h>

using namespace Qt::StringLiterals;

namespace DesktopTest {

QPalette lightPalette()
{
    QPalette palette(QColor(u"#f3f4f6"_s));
    palette.setColor(QPalette::Base, Qt::white);
    palette.setColor(QPalette::AlternateBase, QColor(u"#f7f8fa"_s));
    palette.setColor(QPalette::Highlight, QColor(u"#2f6fdb"_s));
    palette.setColor(QPalette::HighlightedText, Qt::white);
    return palette;
}

QPalette darkPalette()
{
    QPalette palette(QColor(u"#2b2d31"_s));
    const QColor text(u"#e6e6e6"_s);
    palette.setColor(QPalette::Base, QColor(u"#1e1f22"_s));
    palette.setColor(QPalette::AlternateBase, QColor(u"#25262a"_s));
    palette.setColor(QPalette::Highlight, QColor(u"#3574f0"_s));
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText,
                            QPalette::HighlightedText, QPalette::ToolTipText})
        palette.setColor(role, text);
    const QColor faint(u"#8b8d92"_s);
    palette.setColor(QPalette::PlaceholderText, faint);
    for (const auto role : {QPalette::WindowText, QPalette::Text, QPalette::ButtonText})
        palette.setColor(QPalette::Disabled, role, QColor(u"#6b6d72"_s));
    return palette;
}

bool savePicture(const QImage &picture, const QString &name)
{
    const QDir folder(QStringLiteral(SCREENSHOTS));
    QString suffix = qGuiApp->devicePixelRatio() > 1 ? u"-2x"_s : QString();
    if (QGuiApplication::platformName() == u"xcb")
        suffix += u"-xvfb"_s;
    return folder.mkpath(u"."_s) && picture.save(folder.filePath(name + suffix + u".png"_s));
}

bool photograph(const QString &name, const std::function<QImage()> &grab)
{
    QGuiApplication::setPalette(darkPalette());
    const bool saved = savePicture(grab(), name + u"-dark"_s);
    QGuiApplication::setPalette(lightPalette());
    return savePicture(grab(), name + u"-light"_s) && saved;
}

bool xdotool(const QStringList &arguments)
{
    return QProcess::execute(u"xdotool"_s, arguments) == 0;
}

bool ctl(const QStringList &arguments)
{
    QProcess process;
    process.start(qEnvironmentVariable("QTAMQP_TEST_CTL"), arguments);
    return process.waitForFinished(120'000) && process.exitCode() == 0;
}

} // namespace DesktopTest
