// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "headertree.h"

#include "valuetext.h"

#include <QtCore/QSignalBlocker>
#include <QtGui/QAction>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QStyledItemDelegate>

using namespace Qt::StringLiterals;

namespace {

enum Column { Name, Type, Value };

// The role of what a cell was loaded with, until it is edited: the bytes of a name, or a value.
constexpr int Original = Qt::UserRole;

QAmqpValue::Type typeOf(const QTreeWidgetItem *item) { return typeOfName(item->text(Type)); }

bool hasInside(const QTreeWidgetItem *item)
{
    return typeOf(item) == QAmqpValue::Type::Array || typeOf(item) == QAmqpValue::Type::Table;
}

bool isInArray(const QTreeWidgetItem *item)
{
    return item->parent() && typeOf(item->parent()) == QAmqpValue::Type::Array;
}

QByteArray nameOf(const QTreeWidgetItem *item)
{
    const QVariant original = item->data(Name, Original);
    return original.isValid() ? original.toByteArray() : item->text(Name).toUtf8();
}

QAmqpTable tableOf(const QTreeWidgetItem *parent);

QAmqpValue valueOf(const QTreeWidgetItem *item)
{
    if (typeOf(item) == QAmqpValue::Type::Table)
        return tableOf(item);
    if (typeOf(item) == QAmqpValue::Type::Array) {
        QList<QAmqpValue> array;
        for (int i = 0; i < item->childCount(); ++i)
            array += valueOf(item->child(i));
        return array;
    }
    const QVariant original = item->data(Value, Original);
    return original.isValid() ? original.value<QAmqpValue>()
                              : valueFromText(typeOf(item), item->text(Value));
}

QAmqpTable tableOf(const QTreeWidgetItem *parent)
{
    QAmqpTable table;
    for (int i = 0; i < parent->childCount(); ++i)
        table.append(nameOf(parent->child(i)), valueOf(parent->child(i)));
    return table;
}

// Types are chosen from a list. A text that stands for bytes that are not UTF-8 can be removed, but not
// edited, since its bytes are not what is shown.
class Delegate : public QStyledItemDelegate
{
public:
    using QStyledItemDelegate::QStyledItemDelegate;

    QWidget *createEditor(QWidget *parent, const QStyleOptionViewItem &option,
                          const QModelIndex &index) const override
    {
        const auto *item = static_cast<HeaderTree *>(this->parent())->itemFromIndex(index);
        if (index.column() == Type) {
            auto *types = new QComboBox(parent);
            types->addItems(typeNames());
            return types;
        }
        const bool isEditable = index.column() == Name
                ? !isInArray(item) && nameOf(item).isValidUtf8()
                : !hasInside(item) && typeOf(item) != QAmqpValue::Type::Void
                        && (typeOf(item) != QAmqpValue::Type::String
                            || valueOf(item).toBytes().isValidUtf8());
        return isEditable ? QStyledItemDelegate::createEditor(parent, option, index) : nullptr;
    }
};

} // namespace

HeaderTree::HeaderTree(QWidget *parent)
    : QTreeWidget(parent)
    , m_add(new QAction(tr("Add"), this))
    , m_addInside(new QAction(tr("Add inside"), this))
    , m_remove(new QAction(tr("Remove"), this))
{
    setHeaderLabels({tr("Header"), tr("Type"), tr("Value")});
    setAccessibleName(tr("Headers of the message to publish"));
    setItemDelegate(new Delegate(this));
    setEditTriggers(DoubleClicked | EditKeyPressed | AnyKeyPressed);
    setAlternatingRowColors(true);
    setUniformRowHeights(true);
    header()->setStretchLastSection(true);
    header()->resizeSection(Name, fontMetrics().averageCharWidth() * 20);
    header()->resizeSection(Type, fontMetrics().horizontalAdvance(u"timestamp"_s) + 30);
    m_add->setToolTip(tr("Add a header"));
    m_addInside->setToolTip(tr("Add to the array or table that is selected"));
    m_remove->setToolTip(tr("Remove the header that is selected (Del)"));
    m_remove->setShortcut(Qt::Key_Delete);
    m_remove->setShortcutContext(Qt::WidgetShortcut);
    QWidget::addAction(m_remove);
    connect(m_add, &QAction::triggered, this, &HeaderTree::addBeside);
    connect(m_addInside, &QAction::triggered, this, [this] { addTo(currentItem()); });
    connect(m_remove, &QAction::triggered, this, &HeaderTree::remove);
    connect(this, &QTreeWidget::itemChanged, this, &HeaderTree::change);
    connect(this, &QTreeWidget::currentItemChanged, this, &HeaderTree::updateActions);
    updateActions();
}

void HeaderTree::setHeaders(const QAmqpTable &headers)
{
    clear();
    for (const auto &[name, value] : headers.entries())
        append(invisibleRootItem(), name, value);
    updateActions();
    Q_EMIT edited();
}

QAmqpTable HeaderTree::headers() const { return tableOf(invisibleRootItem()); }

void HeaderTree::append(QTreeWidgetItem *parent, const QByteArray &name, const QAmqpValue &value)
{
    const QSignalBlocker blocker(this);
    auto *item = new QTreeWidgetItem(parent, {QString(), typeName(value.type())});
    if (!isInArray(item))
        item->setText(Name, readable(name));
    item->setFlags(item->flags() | Qt::ItemIsEditable);
    item->setData(Name, Original, name);
    if (value.type() == QAmqpValue::Type::Array) {
        const QList<QAmqpValue> array = value.toArray();
        for (const QAmqpValue &inner : array)
            append(item, {}, inner);
    } else if (value.type() == QAmqpValue::Type::Table) {
        const QAmqpTable table = value.toTable();
        for (const auto &[inside, inner] : table.entries())
            append(item, inside, inner);
    } else {
        item->setText(Value, valueText(value));
        item->setData(Value, Original, QVariant::fromValue(value));
    }
}

void HeaderTree::addBeside()
{
    QTreeWidgetItem *parent = currentItem() ? currentItem()->parent() : nullptr;
    addTo(parent ? parent : invisibleRootItem());
}

void HeaderTree::addTo(QTreeWidgetItem *parent)
{
    append(parent, "name", QString());
    QTreeWidgetItem *added = parent->child(parent->childCount() - 1);
    parent->setExpanded(true);
    setCurrentItem(added);
    updateActions();
    Q_EMIT edited();
    editItem(added, isInArray(added) ? Value : Name);
}

void HeaderTree::remove()
{
    delete currentItem();
    updateActions();
    Q_EMIT edited();
}

// Once a cell was edited, its text replaces the original.
void HeaderTree::change(QTreeWidgetItem *item, int column)
{
    {
        const QSignalBlocker blocker(this);
        item->setData(column == Name ? Name : Value, Original, {});
        if (column == Type && !hasInside(item))
            qDeleteAll(item->takeChildren());
        if (column == Type && (hasInside(item) || typeOf(item) == QAmqpValue::Type::Void))
            item->setText(Value, {});
    }
    updateActions();
    Q_EMIT edited();
}

void HeaderTree::updateActions()
{
    m_addInside->setEnabled(currentItem() && hasInside(currentItem()));
    m_remove->setEnabled(currentItem());
}
