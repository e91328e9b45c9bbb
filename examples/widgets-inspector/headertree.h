// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef INSPECTOR_HEADERTREE_H
#define INSPECTOR_HEADERTREE_H

#include <QtAmqp/QAmqpTable>
#include <QtWidgets/QTreeWidget>

// Edits headers, each with its type, and arrays and tables with their elements. A cell that is not edited
// keeps its original bytes.
class HeaderTree : public QTreeWidget
{
    Q_OBJECT
public:
    explicit HeaderTree(QWidget *parent = nullptr);

    void setHeaders(const QAmqpTable &headers);
    QAmqpTable headers() const; // has an error if a text does not fit its type

    QAction *addAction() const { return m_add; }
    QAction *addInsideAction() const { return m_addInside; }
    QAction *removeAction() const { return m_remove; }

Q_SIGNALS:
    void edited();

private:
    void append(QTreeWidgetItem *parent, const QByteArray &name, const QAmqpValue &value);
    void addBeside();
    void addTo(QTreeWidgetItem *parent);
    void remove();
    void change(QTreeWidgetItem *item, int column);
    void updateActions();

    QAction *m_add;
    QAction *m_addInside;
    QAction *m_remove;
};

#endif
