// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_PROPERTYMODEL_H
#define INSPECTOR_PROPERTYMODEL_H

#include <QtAmqp/QAmqpDelivery>
#include <QtCore/QAbstractTableModel>

#include <optional>
#include <vector>

// The origin of a message, its properties and its headers, each with its type.
class PropertyModel : public QAbstractTableModel
{
    Q_OBJECT
public:
    using QAbstractTableModel::QAbstractTableModel;

    void show(const std::optional<QAmqpDelivery> &message);
    bool isTitle(int row) const { return m_lines[size_t(row)].type.isNull(); }

    int rowCount(const QModelIndex &parent = {}) const override;
    int columnCount(const QModelIndex &parent = {}) const override;
    QVariant data(const QModelIndex &index, int role) const override;
    QVariant headerData(int section, Qt::Orientation orientation, int role) const override;

private:
    struct Line
    {
        QString name;
        QString type = {}; // null if this row is the title of the next ones
        QString value = {};
    };

    void addOrigin(const QAmqpDelivery &message);
    void addProperties(const QAmqpMessage &message);
    void addHeaders(const QAmqpTable &headers);

    std::vector<Line> m_lines;
};

#endif
