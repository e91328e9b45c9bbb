// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QAMQPQUICKBASE_H
#define QAMQPQUICKBASE_H

// What all types share: `active`, a sticky error, and setting up once per turn of the event loop what
// the properties ask for, so that their order does not matter.

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

    virtual void start() = 0; // does nothing if it need not, or cannot yet
    virtual void stop() = 0;

    bool isComplete() const { return m_complete; }
    bool hasErrorHandler() const; // whether errorOccurred() has a handler: else a log tells
    // Whether a turn of the event loop has come since it was complete: until then a document may still be
    // made, of which some objects are complete and some are not, and some set what others have.
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
    bool m_complete = true; // unless QML says otherwise
    bool m_begun = true;
    bool m_startWanted = false;
};

QT_END_NAMESPACE

#endif
