// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_BANNER_H
#define INSPECTOR_BANNER_H

#include <QtWidgets/QFrame>

class QLabel;
class QToolButton;

// Shows an error over the whole width of the window, until it is dismissed or something succeeds.
class Banner : public QFrame
{
    Q_OBJECT
public:
    explicit Banner(QWidget *parent = nullptr);

    QString text() const;
    void setText(const QString &text);
    // Offers the action beside the text while it is enabled.
    void setRemedy(QAction *action);

private:
    QLabel *m_text;
    QToolButton *m_remedy;
};

#endif
