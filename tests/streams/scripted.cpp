// Makes the scripted broker part of this program.
#include "scripted/scriptedbroker.cpp"
