// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKBASE_H
#define QAMQPQUICKBASE_H

// The base of all types: it has `active` and an error that is kept. It sets up what the properties ask for
// once in a turn of the event loop, so that their order does not matter.

#include "qamqpquickerror.h"

#include <QtCore/qobject.h>
#include <QtQml/qqmlparserstatus.h>

QT_BEGIN_NAMESPACE

class Q_AMQPQUICK_EXPORT QAmqpQuickBase
    : public QObject
    , public QQmlParserStatus
{
    Q_OBJECT
    Q_INTERFACES(QQmlParserStatus)
    QML_ANONYMOUS
    QML_ADDED_IN_VERSION(1, 0)
    Q_PROPERTY(bool active READ isActive WRITE setActive NOTIFY activeChanged FINAL)
    Q_PROPERTY(QAmqpQuickError error READ error NOTIFY errorChanged FINAL)
    Q_PROPERTY(QString errorString READ errorString NOTIFY errorChanged FINAL)
    Q_PROPERTY(int errorCode READ errorCode NOTIFY errorChanged FINAL)
public:
    bool isActive() const { return m_active; }
    void setActive(bool active);
    QAmqpQuickError error() const { return m_error; }
    QString errorString() const { return m_error.text(); }
    int errorCode() const { return m_error.code(); }

    void classBegin() override { m_complete = m_begun = false; }
    void componentComplete() override;

Q_SIGNALS:
    void activeChanged();
    void errorChanged();
    void errorOccurred(const QAmqpQuickError &error);
    void settingsChanged();
    void begun();

protected:
    QAmqpQuickBase(bool active, QObject *parent) : QObject(parent), m_active(active) { }

    virtual void start() = 0; // does nothing if that is not needed, or not possible yet
    virtual void stop() = 0;

    bool isComplete() const { return m_complete; }
    bool hasErrorHandler() const; // of errorOccurred(); without one errors are logged
    // Whether a turn of the event loop has begun since the object was complete. Until then the document may
    // not be complete, and other objects of it may still change properties of this one.
    bool hasBegun() const { return m_begun; }
    void startSoon();
    void startNow();
    void restart();
    void setError(const QAmqpError &error);
    void fail(const QAmqpError &error);
    static QAmqpError invalid(const QString &text);

private:
    void begin();

    QAmqpQuickError m_error;
    bool m_active;
    bool m_complete = true; // QML calls classBegin(), which makes this false; C++ does not
    bool m_begun = true;
    bool m_startWanted = false;
};

QT_END_NAMESPACE

#endif
