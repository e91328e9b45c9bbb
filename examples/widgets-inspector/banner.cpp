// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "banner.h"

#include <QtGui/QAction>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QLabel>
#include <QtWidgets/QToolButton>

using namespace Qt::StringLiterals;

Banner::Banner(QWidget *parent) : QFrame(parent), m_text(new QLabel), m_remedy(new QToolButton)
{
    setObjectName(u"banner"_s);
    setStyleSheet(u"#banner { background: #b3261e; border-radius: 6px }"
                  "#banner QLabel, #banner QToolButton { color: white }"
                  "#banner QToolButton { border: 0; padding: 2px 8px; font-weight: bold }"
                  "#banner QToolButton:focus { border: 1px solid white; border-radius: 4px }"_s);
    m_text->setWordWrap(true);
    m_text->setTextFormat(Qt::PlainText);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse);
    auto *dismiss = new QToolButton;
    dismiss->setText(tr("Dismiss"));
    dismiss->setFocusPolicy(Qt::StrongFocus);
    auto *layout = new QHBoxLayout(this);
    layout->setContentsMargins(12, 6, 6, 6);
    layout->addWidget(m_text, 1);
    m_remedy->setFocusPolicy(Qt::StrongFocus);
    m_remedy->hide();
    layout->addWidget(m_remedy);
    layout->addWidget(dismiss);
    connect(dismiss, &QToolButton::clicked, this, [this] { setText({}); });
    hide();
}

QString Banner::text() const { return m_text->text(); }

void Banner::setText(const QString &text)
{
    m_text->setText(text);
    setVisible(!text.isEmpty());
}

void Banner::setRemedy(QAction *action)
{
    m_remedy->setDefaultAction(action);
    m_remedy->setVisible(action->isEnabled());
    connect(action, &QAction::enabledChanged, m_remedy, &QWidget::setVisible);
}
