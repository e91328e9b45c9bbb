// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// Three nodes, of which the one that serves the client fails: the others know every message that was confirmed.

#include "ownnode.h"
#include "traffic.h"

#include <QtAmqp/qamqprecoveryreport.h>
#include <QtCore/qelapsedtimer.h>

using namespace BrokerTest;
using namespace Qt::StringLiterals;

class TestCluster : public QObject
{
    Q_OBJECT

private Q_SLOTS:
    void anotherNodeGoesOn();
};

void TestCluster::anotherNodeGoesOn()
{
    OwnNodes nodes(3);
    QVERIFY(nodes.areRunning());
    Peer peer(nodes.options().setHosts({nodes.host(0), nodes.host(1), nodes.host(2)}));
    Traffic traffic(&peer.connection,
                    QAmqpQueueOptions().setDurable().setType(QAmqpQueueOptions::Type::Quorum));
    std::optional<QAmqpRecoveryReport> report;
    connect(&peer.connection, &QAmqpConnection::recovered, this,
            [&](const QAmqpRecoveryReport &what) { report = what; });
    QVERIFY(peer.open());
    const QString endpoint = peer.connection.endpoint();
    traffic.publish(500);
    QVERIFY2(waitFor([&] { return traffic.arrived() > 2000; }), traffic.report());
    QVERIFY(nodes.kill(0));
    QElapsedTimer timer;
    timer.start();
    QVERIFY2(waitFor([&] { return report.has_value(); }), traffic.report());
    QVERIFY(peer.connection.endpoint() != endpoint);
    QCOMPARE(report->skipped().size(), 0);
    qInfo("recovered after %lld ms", timer.elapsed());
    const qint64 before = traffic.arrived();
    QVERIFY2(waitFor([&] { return traffic.arrived() > before + 2000; }), traffic.report());
    traffic.stop();
    QVERIFY2(waitFor([&] { return traffic.isDone(); }), traffic.report());
    QVERIFY2(traffic.wrong().isEmpty(), traffic.report());
    QCOMPARE(peer.errors.size(), 0);
    qInfo() << traffic.report();
}

QTAMQP_BROKER_TEST(TestCluster)
#include "tst_cluster.moc"
