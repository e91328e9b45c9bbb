// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#include "messageview.h"

#include "format.h"
#include "jsonhighlighter.h"
#include "propertymodel.h"

#include <QtCore/QEvent>
#include <QtWidgets/QBoxLayout>
#include <QtWidgets/QComboBox>
#include <QtWidgets/QHeaderView>
#include <QtWidgets/QLabel>
#include <QtWidgets/QPlainTextEdit>
#include <QtWidgets/QSplitter>
#include <QtWidgets/QTableView>

MessageView::MessageView(QWidget *parent)
    : QWidget(parent)
    , m_note(new QLabel)
    , m_format(new QComboBox)
    , m_text(new QPlainTextEdit)
    , m_highlighter(new JsonHighlighter(m_text->document()))
    , m_properties(new PropertyModel(this))
    , m_table(new QTableView)
{
    m_format->addItems({tr("Automatic"), tr("Text"), tr("JSON"), tr("Hex")});
    m_format->setAccessibleName(tr("Show the body as"));
    m_note->setTextInteractionFlags(Qt::TextSelectableByMouse);
    m_text->setReadOnly(true);
    m_text->setTextInteractionFlags(Qt::TextSelectableByMouse | Qt::TextSelectableByKeyboard);
    m_text->setFont(fixedFont(font()));
    m_text->setPlaceholderText(tr("Select a message to see its body"));
    m_text->setTabChangesFocus(true);
    m_text->setAccessibleName(tr("Body"));

    m_table->setModel(m_properties);
    m_table->setShowGrid(false);
    m_table->setWordWrap(false);
    m_table->setAlternatingRowColors(true);
    m_table->setSelectionBehavior(QTableView::SelectRows);
    m_table->setTabKeyNavigation(false);
    m_table->setAccessibleName(tr("Properties and headers"));
    m_table->verticalHeader()->hide();
    m_table->verticalHeader()->setDefaultSectionSize(fontMetrics().height() + 6);
    m_table->horizontalHeader()->setStretchLastSection(true);
    m_table->horizontalHeader()->setHighlightSections(false);
    m_table->horizontalHeader()->setDefaultAlignment(Qt::AlignLeft | Qt::AlignVCenter);
    m_table->setColumnWidth(0, fontMetrics().averageCharWidth() * 20);
    m_table->setColumnWidth(1,
                            fontMetrics().horizontalAdvance(QStringLiteral("timestamp"))
                                    + fontMetrics().height());

    auto *title = new QLabel(tr("&Body"));
    title->setBuddy(m_format);
    auto *top = new QHBoxLayout;
    top->addWidget(title);
    top->addWidget(m_format);
    top->addStretch();
    top->addWidget(m_note);

    auto *body = new QWidget;
    auto *bodyLayout = new QVBoxLayout(body);
    bodyLayout->setContentsMargins(0, 0, 0, 0);
    bodyLayout->addLayout(top);
    bodyLayout->addWidget(m_text);
    auto *splitter = new QSplitter(Qt::Vertical);
    splitter->setObjectName(QStringLiteral("detail"));
    splitter->addWidget(body);
    splitter->addWidget(m_table);
    splitter->setSizes({230, 330});
    splitter->setChildrenCollapsible(false);
    auto *layout = new QVBoxLayout(this);
    layout->setContentsMargins(0, 0, 0, 0);
    layout->addWidget(splitter);

    chooseColours();
    connect(m_format, &QComboBox::currentIndexChanged, this, &MessageView::showBody);
}

void MessageView::show(const std::optional<QAmqpDelivery> &message)
{
    m_body = message ? message->body() : QByteArray();
    m_contentType = message ? message->contentType() : QString();
    showBody();
    m_properties->show(message);
    m_table->clearSpans();
    for (int line = 0; line < m_properties->rowCount(); ++line) {
        if (m_properties->isTitle(line))
            m_table->setSpan(line, 0, 1, m_properties->columnCount());
    }
}

void MessageView::setFormat(Format format) { m_format->setCurrentIndex(int(format)); }

MessageView::Format MessageView::chooseFormat() const
{
    if (const auto chosen = Format(m_format->currentIndex()); chosen != Format::Automatic)
        return chosen;
    if (!isText(m_body, 1 << 16))
        return m_body.isEmpty() ? Format::Text : Format::Hex;
    const bool json =
            m_contentType.contains(u"json") || m_body.startsWith('{') || m_body.startsWith('[');
    return json && m_body.size() < (1 << 18) ? Format::Json : Format::Text;
}

void MessageView::showBody()
{
    // A text widget is slow with megabytes, and slower if they are one line; nobody reads so much here.
    constexpr qsizetype most = 64 * 1024;
    const Format format = chooseFormat();
    const bool isOneLine = !m_body.left(most / 4).contains('\n');
    const bool isLess = format == Format::Hex || (format == Format::Text && isOneLine);
    const QByteArray shown = m_body.left(isLess ? most / 4 : most);
    QString note = m_body.isEmpty() ? QString() : sizeText(m_body.size());
    QString text;
    m_highlighter->setEnabled(format == Format::Json);
    if (format == Format::Hex) {
        text = hexDump(shown);
    } else if (format == Format::Json) {
        text = prettyJson(m_body).left(most);
        if (text.isEmpty() && !m_body.isEmpty()) {
            note = tr("not a JSON object: shown as text");
            text = QString::fromUtf8(shown);
        }
    } else {
        text = QString::fromUtf8(shown);
    }
    if (shown.size() < m_body.size() && text.size() >= shown.size())
        note = tr("the first %1 of %2").arg(sizeText(shown.size()), sizeText(m_body.size()));
    m_text->setPlainText(text);
    m_note->setText(note);
}

void MessageView::chooseColours()
{
    m_highlighter->setDark(palette().color(QPalette::Base).lightness() < 128);
    m_highlighter->rehighlight();
}

void MessageView::changeEvent(QEvent *event)
{
    QWidget::changeEvent(event);
    if (event->type() == QEvent::PaletteChange)
        chooseColours();
}
