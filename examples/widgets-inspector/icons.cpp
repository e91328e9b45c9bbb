// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "icons.h"

#include <QtCore/QTextStream>
#include <QtGui/QGuiApplication>
#include <QtGui/QIconEngine>
#include <QtGui/QPainter>
#include <QtGui/QPainterPath>
#include <QtGui/QPalette>

#include <utility>

using namespace Qt::StringLiterals;

namespace {

// Lines on a square of 16 by 16: "M x y" begins one, "L x y" and "C x y x y x y" continue it as in SVG, "Z" closes
// it, and "O x y r" is a circle.
constexpr std::pair<const char *, const char *> drawings[] = {
        {"connect",
         "M 1 8 L 4 8 M 12 8 L 15 8 M 4 4 L 4 12 L 7 12 L 7 4 Z M 9 4 L 9 12 L 12 12 L 12 4 Z M 7 6 L 9 6 M 7 10 L 9 10"},
        {"reconnect",
         "M 13 8 C 13 11 11 13 8 13 C 5 13 3 11 3 8 C 3 5 5 3 8 3 L 12 3 M 9 0.5 L 12 3 L 9 5.5"},
        {"disconnect",
         "M 1 8 L 4 8 M 12 8 L 15 8 M 4 4 L 4 12 L 6 12 L 6 4 Z M 10 4 L 10 12 L 12 12 L 12 4 Z"},
        {"peek", "M 1 8 C 4 2.5 12 2.5 15 8 C 12 13.5 4 13.5 1 8 Z O 8 8 2.3"},
        {"consume", "M 8 1.5 L 8 9.5 M 4.5 6 L 8 9.5 L 11.5 6 M 2 10 L 2 14 L 14 14 L 14 10"},
        {"stop", "M 3.5 3.5 L 12.5 3.5 L 12.5 12.5 L 3.5 12.5 Z"},
        {"pause", "M 4 3 L 4 13 L 6.5 13 L 6.5 3 Z M 9.5 3 L 9.5 13 L 12 13 L 12 3 Z"},
        {"purge",
         "M 2 4 L 14 4 M 6 4 L 6 2 L 10 2 L 10 4 M 3.5 4 L 4.5 14 L 11.5 14 L 12.5 4 M 6.5 7 L 6.5 11 M 9.5 7 L 9.5 11"},
        {"acknowledge", "M 2.5 8.5 L 6.5 12.5 L 13.5 3.5"},
        {"requeue",
         "M 6 2.5 L 2.5 6 L 6 9.5 M 2.5 6 L 10 6 C 13 6 13.5 8 13.5 9.5 C 13.5 11 13 13 10 13 L 7 13"},
        {"move", "M 6 3 L 2 3 L 2 13 L 6 13 M 5.5 8 L 14 8 M 10.5 4.5 L 14 8 L 10.5 11.5"},
        {"copy",
         "M 5.5 5.5 L 13.5 5.5 L 13.5 14 L 5.5 14 Z M 10.5 5.5 L 10.5 2 L 2.5 2 L 2.5 10.5 L 5.5 10.5"},
        {"save",
         "M 2.5 2.5 L 11 2.5 L 13.5 5 L 13.5 13.5 L 2.5 13.5 Z M 5 2.5 L 5 6 L 10 6 L 10 2.5 M 5 13.5 L 5 9.5 L 11 9.5 L 11 13.5"},
        {"find", "O 6.8 6.8 4.3 M 10 10 L 14 14"},
        {"edit", "M 2.5 13.5 L 3.2 10.2 L 10.8 2.6 L 13.4 5.2 L 5.8 12.8 Z M 9.2 4.2 L 11.8 6.8"},
        {"clear", "M 2 4 L 9 4 M 2 8 L 7 8 M 2 12 L 7 12 M 9.5 8.5 L 14 13 M 14 8.5 L 9.5 13"},
        {"publish", "M 1.5 8 L 14.5 2 L 10 14 L 7.5 9 Z M 7.5 9 L 14.5 2"},
        {"call", "M 2 5 L 13 5 M 10 2 L 13 5 L 10 8 M 14 11 L 3 11 M 6 8.5 L 3 11 L 6 13.5"},
        {"quit", "M 9 2.5 L 3 2.5 L 3 13.5 L 9 13.5 M 6.5 8 L 14 8 M 11 5 L 14 8 L 11 11"},
        {"body",
         "M 3.5 1.5 L 9.5 1.5 L 12.5 4.5 L 12.5 14.5 L 3.5 14.5 Z M 6 6.5 L 10 6.5 M 6 9 L 10 9 M 6 11.5 L 10 11.5"},
        {"refresh",
         "M 13 6 C 12 4 10.5 3 8 3 C 5 3 3 5 3 8 C 3 11 5 13 8 13 C 10.5 13 12 12 13 10 M 13.5 2.5 L 13 6 L 9.5 5.5"},
};

QPainterPath pathOf(const char *drawing)
{
    QPainterPath path;
    QTextStream words{QByteArray(drawing)};
    const auto number = [&] {
        qreal value = 0;
        words >> value;
        return value;
    };
    const auto point = [&] {
        const qreal x = number();
        return QPointF(x, number());
    };
    for (QString command; words >> command, !command.isEmpty();) {
        if (command == u"M") {
            path.moveTo(point());
        } else if (command == u"L") {
            path.lineTo(point());
        } else if (command == u"C") {
            const QPointF first = point();
            const QPointF second = point();
            path.cubicTo(first, second, point());
        } else if (command == u"O") {
            const QPointF centre = point();
            const qreal radius = number();
            path.addEllipse(centre, radius, radius);
        } else {
            path.closeSubpath();
        }
    }
    return path;
}

class DrawnIcon : public QIconEngine
{
public:
    explicit DrawnIcon(const char *drawing) : m_path(pathOf(drawing)) { }

    void paint(QPainter *painter, const QRect &rect, QIcon::Mode mode, QIcon::State) override
    {
        const QPalette palette = QGuiApplication::palette();
        const auto group = mode == QIcon::Disabled ? QPalette::Disabled : QPalette::Active;
        const auto role =
                mode == QIcon::Selected ? QPalette::HighlightedText : QPalette::ButtonText;
        painter->save();
        painter->setRenderHint(QPainter::Antialiasing);
        painter->translate(rect.topLeft());
        const qreal scale = qMin(rect.width(), rect.height()) / 16.0;
        painter->scale(scale, scale);
        painter->setPen(
                QPen(palette.color(group, role), 1.3, Qt::SolidLine, Qt::RoundCap, Qt::RoundJoin));
        painter->drawPath(m_path);
        painter->restore();
    }
    QPixmap pixmap(const QSize &size, QIcon::Mode mode, QIcon::State state) override
    {
        QPixmap pixmap(size);
        pixmap.fill(Qt::transparent);
        QPainter painter(&pixmap);
        paint(&painter, QRect(QPoint(), size), mode, state);
        return pixmap;
    }
    QIconEngine *clone() const override { return new DrawnIcon(*this); }

private:
    QPainterPath m_path;
};

} // namespace

QIcon drawnIcon(const char *name)
{
    for (const auto &[each, drawing] : drawings) {
        if (qstrcmp(each, name) == 0)
            return QIcon(new DrawnIcon(drawing));
    }
    qFatal("there is no icon \"%s\"", name);
    return {};
}

QIcon programIcon()
{
    QIcon icon;
    for (const int size : {16, 32, 48, 64, 128})
        icon.addFile(u":/icons/qamqp-inspector-%1.png"_s.arg(size));
    return QIcon::fromTheme(u"qamqp-inspector"_s, icon);
}
