// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Looks into the queues of a broker: see mainwindow.h for what it can do.
// usage: qamqp-inspector [--url URL] [--queue QUEUE] [--management-port PORT]

#include "icons.h"
#include "mainwindow.h"

#include <QtCore/QCommandLineParser>
#include <QtWidgets/QApplication>

using namespace Qt::StringLiterals;

int main(int argc, char **argv)
{
    QApplication app(argc, argv);
    QApplication::setOrganizationName(u"QtAmqp"_s);
    QApplication::setApplicationName(u"Inspector"_s);
    QApplication::setDesktopFileName(u"qamqp-inspector"_s);
    QApplication::setWindowIcon(programIcon());
    QCommandLineParser parser;
    parser.addHelpOption();
    parser.addOption({u"url"_s, u"The broker to connect to at once."_s, u"url"_s});
    parser.addOption({u"queue"_s, u"The queue to peek at."_s, u"queue"_s});
    parser.addOption(
            {u"management-port"_s,
             u"The port of RabbitMQ's management plugin (default: 15672, with TLS 15671)."_s,
             u"port"_s});
    parser.process(app);

    MainWindow window;
    window.show();
    window.setQueue(parser.value(u"queue"_s));
    if (parser.isSet(u"queue"_s))
        window.peekAtOnce();
    if (parser.isSet(u"url"_s))
        window.connectTo(QAmqpConnectionOptions::fromUrl(parser.value(u"url"_s)),
                         parser.value(u"management-port"_s).toUShort());
    else
        window.askForBroker();
    return app.exec();
}
