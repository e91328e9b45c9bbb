// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MESSAGETABLE_H
#define INSPECTOR_MESSAGETABLE_H

#include <QtWidgets/QTableView>

// The list of messages. While it is live it follows the newest as long as the last row is in sight;
// otherwise it keeps its place. While it is empty it says what to do.
class MessageTable : public QTableView
{
    Q_OBJECT
public:
    explicit MessageTable(QWidget *parent = nullptr);

    void setModel(QAbstractItemModel *model) override;
    void setLive(bool live) { m_live = live; }
    void setPlaceholder(const QString &text);

protected:
    void paintEvent(QPaintEvent *event) override;

private:
    QString m_placeholder;
    bool m_live = false;
    bool m_following = false;
};

#endif
