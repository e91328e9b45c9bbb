// Makes the scripted broker, and what the tests against RabbitMQ share, part of this program.
#include "broker/brokertest.cpp"
#include "scripted/scriptedbroker.cpp"
