// Makes what the tests against RabbitMQ share part of this program.
#include "broker/brokertest.cpp"
