// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

#ifndef QTAMQP_TESTS_EVERYBROKER_H
#define QTAMQP_TESTS_EVERYBROKER_H

// What is written for RabbitMQ is tested with QAmqpTestBroker as well, from the same source.

#include "brokertest.h"

namespace BrokerTest {

// The functions of a class derived from this run once for each broker: with RabbitMQ, if QTAMQP_TEST_URL names one,
// and with a QAmqpTestBroker that lives as long as the class. While a class is set up and cleaned up
// (initTestCase() and cleanupTestCase()) there is no broker.
class EveryBroker : public QObject
{
    Q_OBJECT
public:
    EveryBroker();
    ~EveryBroker() override;

private Q_SLOTS:
    void initTestCase_data();

private:
    QTemporaryDir m_certificates;
};

// Whether the broker is QAmqpTestBroker, which differs in what the table of testbrokerdifferences.qdocinc calls
// `what`. There must be such a row, and every row must be the reason of a test.
bool differs(const char *what);

// Whether another row runs the same test with RabbitMQ.
bool runsWithRabbitMqToo();

} // namespace BrokerTest

// For a test that takes seconds of real time and shows what the client does, or what the tests of the test broker
// show on a clock that is not real.
#define ONE_BROKER_IS_ENOUGH() \
  do { \
    if (BrokerTest::runsWithRabbitMqToo()) \
      QSKIP("it takes its time, and runs with RabbitMQ"); \
  } while (false)

// Leaves the test to RabbitMQ, for a reason which the table of differences gives.
#define SKIP_WHERE_DIFFERENT(what) \
  do { \
    if (BrokerTest::differs(what)) \
      QSKIP("a difference that is documented: " what); \
  } while (false)

#endif
