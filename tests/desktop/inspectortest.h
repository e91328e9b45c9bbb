// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_INSPECTORTEST_H
#define QTAMQP_TESTS_INSPECTORTEST_H

#include "mainwindow.h"
#include "messagetable.h"

#include <QtAmqp/qamqpblockingchannel.h>
#include <QtAmqp/qamqpblockingconnection.h>

#include <QtTest/qtest.h>

#include <memory>
#include <optional>

class QLineEdit;

// The real window of examples/widgets-inspector for each test function, and a queue "inspected" that
// the test sees through a connection of its own.
class InspectorTest : public QObject
{
    Q_OBJECT

public:
    static int main(int argc, char **argv, QObject *(*newTest)());

protected:
    static constexpr int Patience = 20'000;

    static QString url() { return qEnvironmentVariable("QTAMQP_TEST_URL"); }
    static QAmqpMessage sample(int i);

    template<typename T>
    T *labelled(const QString &accessibleName) const
    {
        for (T *widget : m_window->findChildren<T *>()) {
            if (widget->accessibleName() == accessibleName)
                return widget;
        }
        return nullptr;
    }
    QLineEdit *field(const QString &label) const;
    void key(Qt::Key key, Qt::KeyboardModifiers modifiers = Qt::NoModifier);

    QString status() const;
    QString banner() const;
    MessageTable *table() const { return m_window->findChild<MessageTable *>(); }
    int rows() const { return m_window->messages()->rowCount(); }
    void setCurrent(int row) { table()->setCurrentIndex(table()->model()->index(row, 0)); }
    QString cell(int row, int column) const
    {
        return m_window->messages()->index(row, column).data().toString();
    }

    bool isConnected() const { return m_window->windowTitle().contains(u"127.0.0.1"); }
    void connectByCall();
    void peekAt(int count);
    // F6, and the button of that name in the question that comes.
    void consume(const QString &button);
    // A dialog of the window, once it is active.
    template<typename Dialog>
    Dialog *dialog()
    {
        Dialog *found = nullptr;
        if (!QTest::qWaitFor([&] { return (found = m_window->findChild<Dialog *>()) != nullptr; })
            || !QTest::qWaitForWindowActive(found))
            return nullptr;
        return found;
    }
    int ready()
    {
        return int(m_channel->declareQueue(QStringLiteral("inspected")).value().messageCount);
    }
    void publish(int count);
    // Of the window, or of a dialog.
    void photograph(const QString &name, QWidget *window = nullptr);

    QAmqpBlockingConnection m_connection;
    std::optional<QAmqpBlockingChannel> m_channel;
    std::unique_ptr<MainWindow> m_window;

private Q_SLOTS:
    void initTestCase();
    void init();
    void cleanup();
};

#define INSPECTOR_TEST(Class) \
  int main(int argc, char **argv) \
  { \
    return InspectorTest::main(argc, argv, []() -> QObject * { return new Class; }); \
  }

#endif
