// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "publishform.h"

#include "format.h"
#include "headertree.h"
#include "icons.h"

#include <QtGui/QAction>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QCheckBox>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QFormLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QLineEdit>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QPushButton>
#include <QtWidgets/QToolButton>

using namespace Qt::StringLiterals;

PublishForm::PublishForm(QWidget *parent)
    : QWidget(parent)
    , m_exchange(new QLineEdit)
    , m_routingKey(new QLineEdit)
    , m_contentType(new QComboBox)
    , m_headers(new HeaderTree)
    , m_persistent(new QCheckBox(tr("Pers&istent")))
    , m_body(new QPlainTextEdit)
    , m_problem(new QLabel)
    , m_publish(new QPushButton(tr("&Publish")))
    , m_call(new QPushButton(tr("Ca&ll")))
{
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addLayout(newFields(), 2);
    layout->addLayout(newHeaders(), 3);
    auto *right = new QVBoxLayout;
    right->addWidget(m_body);
    right->addLayout(newButtons());
    layout->addLayout(right, 3);

    for (const QLineEdit *edit : {m_exchange, m_routingKey})
        connect(edit, &QLineEdit::textChanged, this, &PublishForm::check);
    connect(m_headers, &HeaderTree::edited, this, &PublishForm::check);
    connect(m_contentType, &QComboBox::currentTextChanged, this, &PublishForm::check);
    connect(m_body, &QPlainTextEdit::textChanged, this, &PublishForm::check);
    connect(m_publish, &QPushButton::clicked, this,
            [this] { Q_EMIT publish(m_exchange->text(), m_routingKey->text(), message()); });
    connect(m_call, &QPushButton::clicked, this,
            [this] { Q_EMIT call(m_exchange->text(), m_routingKey->text(), message()); });
    check();
}

QLayout *PublishForm::newFields()
{
    m_exchange->setPlaceholderText(tr("(default)"));
    m_exchange->setToolTip(tr("In the default exchange the routing key names the queue"));
    m_contentType->setEditable(true);
    m_contentType->addItems(
            {u"application/json"_s, u"text/plain"_s, u"application/octet-stream"_s});
    auto *fields = new QFormLayout;
    fields->addRow(tr("&Exchange"), m_exchange);
    fields->addRow(tr("Routing &key"), m_routingKey);
    fields->addRow(tr("Content t&ype"), m_contentType);
    fields->addRow(QString(), m_persistent);
    return fields;
}

QLayout *PublishForm::newHeaders()
{
    auto *buttons = new QHBoxLayout;
    for (QAction *action :
         {m_headers->addAction(), m_headers->addInsideAction(), m_headers->removeAction()}) {
        auto *button = new QToolButton;
        button->setDefaultAction(action);
        button->setFocusPolicy(Qt::TabFocus);
        buttons->addWidget(button);
    }
    buttons->addStretch();
    auto *headers = new QVBoxLayout;
    headers->addWidget(m_headers);
    headers->addLayout(buttons);
    return headers;
}

QLayout *PublishForm::newButtons()
{
    m_body->setPlaceholderText(tr("The body of a message to publish"));
    m_body->setFont(fixedFont(font()));
    m_body->setTabChangesFocus(true);
    m_body->setAccessibleName(tr("Body of the message to publish"));
    m_problem->setWordWrap(true);
    m_publish->setShortcut(Qt::CTRL | Qt::Key_Return);
    m_publish->setIcon(drawnIcon("publish"));
    m_call->setShortcut(Qt::CTRL | Qt::SHIFT | Qt::Key_Return);
    m_call->setIcon(drawnIcon("call"));
    auto *buttons = new QHBoxLayout;
    buttons->addWidget(m_problem, 1);
    buttons->addWidget(m_call);
    buttons->addWidget(m_publish);
    return buttons;
}

bool PublishForm::fill(const QAmqpDelivery &message)
{
    if (!message.body().isEmpty() && !isText(message.body()))
        return false;
    m_exchange->setText(message.exchange());
    m_routingKey->setText(message.routingKey());
    m_contentType->setCurrentText(message.contentType());
    m_headers->setHeaders(message.headers());
    m_persistent->setChecked(message.deliveryMode() == QAmqpMessage::Persistent);
    const QString json = prettyJson(message.body());
    m_body->setPlainText(json.isEmpty() ? message.text() : json);
    m_body->setFocus();
    m_original = message;
    m_original.setUserId(QString()); // the broker refuses the user id of another user
    m_originalBody = m_body->toPlainText();
    return true;
}

void PublishForm::setExchange(const QString &exchange) { m_exchange->setText(exchange); }

void PublishForm::setOnline(bool online)
{
    m_online = online;
    check();
}

QAmqpMessage PublishForm::message() const
{
    QAmqpMessage message = m_original;
    if (m_body->toPlainText() != m_originalBody)
        message.setBody(m_body->toPlainText().toUtf8());
    if (m_contentType->currentText() != message.contentType())
        message.setContentType(m_contentType->currentText());
    if (const QAmqpTable headers = m_headers->headers(); headers != message.headers())
        message.setHeaders(headers);
    using Mode = QAmqpMessage::DeliveryMode;
    if (m_persistent->isChecked() != (message.deliveryMode() == Mode::Persistent))
        message.setDeliveryMode(m_persistent->isChecked() ? Mode::Persistent : Mode::Transient);
    return message;
}

// Enables the buttons only while all input is valid.
void PublishForm::check()
{
    QString problem;
    const QString body = m_body->toPlainText();
    if (body.isEmpty() && !m_originalBody.isEmpty()) { // the user begins another message
        m_original = {};
        m_originalBody.clear();
    }
    if (problem.isEmpty() && m_contentType->currentText().contains(u"json"_s) && !body.isEmpty()) {
        if (const QString error = jsonProblem(body.toUtf8()); !error.isEmpty())
            problem = tr("Body: %1").arg(error);
    }
    if (problem.isEmpty())
        problem = message().errorString();
    m_problem->setText(problem);
    const bool addressed = !m_exchange->text().isEmpty() || !m_routingKey->text().isEmpty();
    QString reason; // why it cannot be published now
    if (!m_online)
        reason = tr("there is no connection to the broker.");
    else if (!problem.isEmpty())
        reason = problem;
    else if (!addressed)
        reason = tr("name an exchange, or a queue as the routing key.");
    const std::pair<QPushButton *, QString> buttons[] = {
            {m_publish, tr("Publish and wait for the broker's confirm (Ctrl+Return)")},
            {m_call,
             tr("Send as an RPC request; the reply comes into the list (Ctrl+Shift+Return)")}};
    for (const auto &[button, tip] : buttons) {
        button->setEnabled(reason.isEmpty());
        button->setToolTip(
                reason.isEmpty() ? tip : u"%1\n\n%2"_s.arg(tip, tr("Not now: %1").arg(reason)));
    }
}
