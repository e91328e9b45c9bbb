// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "banner.h"

#include <QtGui/QAction>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QToolButton>

using namespace Qt::StringLiterals;

Banner::Banner(QWidget *parent)
    : QFrame(parent), m_text(new QLabel), m_remedy(new QToolButton), m_dismiss(new QToolButton)
{
    setObjectName(u"banner"_s);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_dismiss->setText(tr("Dismiss"));
    m_dismiss->setFocusPolicy(Qt::StrongFocus);
    m_remedy->setFocusPolicy(Qt::StrongFocus);
    m_remedy->hide();
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 6, 6, 6);
    layout->addWidget(m_text, 1);
    layout->addWidget(m_remedy);
    layout->addWidget(m_dismiss);
    m_newsTime.setSingleShot(true);
    m_newsTime.setInterval(std::chrono::seconds(8));
    connect(&m_newsTime, &QTimer::timeout, this, [this] { tell({}); });
    connect(m_dismiss, &QToolButton::clicked, this, [this] {
        m_news.clear();
        setText({});
    });
    refresh();
}

void Banner::setText(const QString &text)
{
    m_error = text;
    m_progress.clear();
    refresh();
}

void Banner::setProgress(const QString &text)
{
    if (m_progress == text)
        return;
    m_progress = text;
    refresh();
}

void Banner::tell(const QString &news)
{
    m_news = news;
    m_newsTime.start();
    refresh();
}

void Banner::setRemedy(QAction *action)
{
    m_remedyAction = action;
    m_remedy->setDefaultAction(action);
    m_remedy->setToolButtonStyle(Qt::ToolButtonTextOnly); // its icon has the colour of other texts
    connect(action, &QAction::enabledChanged, this, &Banner::refresh);
    refresh();
}

// Errors come before news, and what goes on (it recovers by itself) makes an error a warning.
void Banner::refresh()
{
    const bool isNews = m_error.isEmpty();
    const QString colour = isNews  ? u"#1b7a3d"_s
            : m_progress.isEmpty() ? u"#b3261e"_s
                                   : u"#9a5b00"_s;
    const QString style =
            u"#banner { background: %1; border-radius: 6px }"
            "#banner QLabel, #banner QToolButton { color: white }"
            "#banner QToolButton { border: 0; padding: 2px 8px; font-weight: bold }"
            "#banner QToolButton:focus { border: 1px solid white; border-radius: 4px }"_s.arg(
                    colour);
    if (styleSheet() != style)
        setStyleSheet(style);
    const QString separator = m_progress.isEmpty() ? QString() : u"\n"_s;
    m_text->setText(isNews ? m_news : m_error + separator + m_progress);
    m_remedy->setVisible(!isNews && m_remedyAction && m_remedyAction->isEnabled());
    setVisible(!m_text->text().isEmpty());
}
