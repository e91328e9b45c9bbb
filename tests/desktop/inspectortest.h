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
    QString cell(int row, MessageModel::Column column) const
    {
        return m_window->messages()->index(row, column).data().toString();
    }

    bool isConnected() const { return m_window->windowTitle().contains(u"127.0.0.1"); }
    void connectByCall();
    void lookAt(int count);
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
