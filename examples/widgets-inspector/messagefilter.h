// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_MESSAGEFILTER_H
#define INSPECTOR_MESSAGEFILTER_H

#include <QtCore/QSortFilterProxyModel>

// Lets messages pass that contain a text in the body, the exchange, the routing key, the properties or the
// headers. They are in the order of their arrival until a column is chosen to sort by.
class MessageFilter : public QSortFilterProxyModel
{
    Q_OBJECT
public:
    explicit MessageFilter(QObject *parent = nullptr);

    void setText(const QString &text);

protected:
    bool filterAcceptsRow(int row, const QModelIndex &parent) const override;

private:
    QString m_text;
};

#endif
