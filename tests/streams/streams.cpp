#include "broker/brokertest.cpp"
