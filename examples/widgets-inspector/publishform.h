// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_PUBLISHFORM_H
#define INSPECTOR_PUBLISHFORM_H

#include <QtAmqp/QAmqpDelivery>

#include <QtWidgets/QWidget>

class HeaderTree;
class QCheckBox;
class QComboBox;
class QLabel;
class QLineEdit;
class QPlainTextEdit;
class QPushButton;

// Edits a message, which is published, or sent as an RPC request whose reply comes into the list.
class PublishForm : public QWidget
{
    Q_OBJECT
public:
    explicit PublishForm(QWidget *parent = nullptr);

    // Takes over a message with all its properties. Returns false if its body is not text.
    bool fill(const QAmqpDelivery &message);
    void setExchange(const QString &exchange);
    void setOnline(bool online);

Q_SIGNALS:
    void publish(const QString &exchange, const QString &routingKey, const QAmqpMessage &message);
    void call(const QString &exchange, const QString &routingKey, const QAmqpMessage &request);

private:
    QLayout *newFields();
    QLayout *newHeaders();
    QLayout *newButtons();
    void check();
    QAmqpMessage message() const;

    QLineEdit *m_exchange;
    QLineEdit *m_routingKey;
    QComboBox *m_contentType;
    HeaderTree *m_headers;
    QCheckBox *m_persistent;
    QPlainTextEdit *m_body;
    QLabel *m_problem;
    QPushButton *m_publish;
    QPushButton *m_call;
    bool m_online = false;
    QAmqpMessage m_original; // the message that was taken over
    QString m_originalBody; // its body as the form shows it
};

#endif
