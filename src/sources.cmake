# The library's files, layer by layer; paths are relative to src/.
# HEADERS: those with Q_OBJECT or Q_GADGET that lie in include/QtAmqp, for moc.

set(include ../include/QtAmqp)

set(QTAMQP_values_SOURCES
    values/bytes.h
    values/connectionurl.cpp
    values/connectionurl.h
    values/errorkinds.cpp
    values/errorkinds.h
    values/qamqpconnectionoptions.cpp
    values/qamqpcredentials.cpp
    values/qamqpcredentials_p.h
    values/qamqperror.cpp
    values/qamqpmessage.cpp
    values/qamqpmessage_p.h
    values/qamqpoperationoptions.cpp
    values/qamqpretrypolicy.cpp
    values/qamqpreturn.cpp
    values/qamqptable.cpp
    values/qamqpvalue.cpp
    values/qamqpvalue_p.h
    values/tableformat.cpp
    values/tableformat.h)
set(QTAMQP_values_HEADERS
    ${include}/qamqpconnectionoptions.h
    ${include}/qamqpcredentials.h
    ${include}/qamqperror.h
    ${include}/qamqpmessage.h
    ${include}/qamqpoperationoptions.h
    ${include}/qamqpretrypolicy.h
    ${include}/qamqpreturn.h
    ${include}/qamqptable.h)

set(QTAMQP_codec_SOURCES
    codec/constants.h
    codec/dispatch.h
    codec/fields.h
    codec/frame.cpp
    codec/frame.h
    codec/methods.h)

set(QTAMQP_protocol_SOURCES
    protocol/assembler.cpp
    protocol/assembler.h
    protocol/buffers.h
    protocol/channelcore.cpp
    protocol/channelcore.h
    protocol/channelreceive.cpp
    protocol/confirms.h
    protocol/connectioncore.cpp
    protocol/connectioncore.h
    protocol/connectionreceive.cpp
    protocol/events.h
    protocol/heartbeat.h
    protocol/negotiation.cpp
    protocol/negotiation.h
    protocol/transitions.cpp
    protocol/transitions.h)

set(QTAMQP_transport_SOURCES
    transport/qamqptransport.cpp
    transport/sockettransport.cpp
    transport/sockettransport.h
    transport/transportclient.h)
set(QTAMQP_transport_HEADERS
    transport/sockettransport.h)

set(QTAMQP_api_SOURCES
    api/channelevents.cpp
    api/channelrequests.cpp
    api/endpoint.cpp
    api/endpoint.h
    api/engine.cpp
    api/engine.h
    api/mailbox.h
    api/notify.h
    api/qamqpchannel.cpp
    api/qamqpchannel_p.h
    api/qamqpconnection.cpp
    api/qamqpconnection_p.h
    api/qamqpconsumer.cpp
    api/qamqpconsumer_p.h
    api/qamqpdelivery.cpp
    api/qamqpdelivery_p.h
    api/qamqpexchange.cpp
    api/qamqpqueue.cpp
    api/unsettledtags.h)
set(QTAMQP_api_HEADERS
    ${include}/qamqpchannel.h
    ${include}/qamqpconnection.h
    ${include}/qamqpconsumer.h
    ${include}/qamqpdelivery.h
    ${include}/qamqpexchange.h
    ${include}/qamqpqueue.h)
