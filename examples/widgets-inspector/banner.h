// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_BANNER_H
#define INSPECTOR_BANNER_H

#include <QtCore/QTimer>
#include <QtWidgets/QFrame>

class QLabel;
class QToolButton;

// Shows an error over the whole width of the window, until it is dismissed or something succeeds. Good news stay
// for some seconds.
class Banner : public QFrame
{
    Q_OBJECT
public:
    explicit Banner(QWidget *parent = nullptr);

    // The error, which is empty if there is none.
    QString text() const { return m_error; }
    void setText(const QString &text);
    // What goes on while the error is shown, as an addition to it.
    void setProgress(const QString &text);
    void tell(const QString &news);
    QString news() const { return m_news; }
    // Offers the action beside an error while it is enabled.
    void setRemedy(QAction *action);

private:
    void refresh();

    QString m_error;
    QString m_progress;
    QString m_news;
    QTimer m_newsTime;
    QLabel *m_text;
    QAction *m_remedyAction = nullptr;
    QToolButton *m_remedy;
    QToolButton *m_dismiss;
};

#endif
