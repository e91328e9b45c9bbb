// Makes the helpers of the tests against RabbitMQ part of this program.
#include "broker/brokertest.cpp"
