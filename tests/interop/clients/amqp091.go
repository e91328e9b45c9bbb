// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// amqp091-go with a broker; ends with 1 if something is not as it should be.
// usage: amqp091 URL
package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

func check(ok bool, what string, details ...interface{}) {
	if !ok {
		fmt.Fprintln(os.Stderr, append([]interface{}{what}, details...)...)
		os.Exit(1)
	}
}

func must(err error) { check(err == nil, "failed:", err) }

var background = context.Background()

var confirmations chan amqp.Confirmation

// Waits for the confirm as well, by the channel of notifications: a deferred confirmation of version 1.5 is registered
// behind the publish, and waits for ever if the broker is faster.
func publish(channel *amqp.Channel, exchange, key string, mandatory bool, message amqp.Publishing) {
	must(channel.PublishWithContext(background, exchange, key, mandatory, false, message))
	check((<-confirmations).Ack, "not confirmed")
}

func publishAndGet(channel *amqp.Channel, queue string) {
	headers := amqp.Table{"number": int32(1), "nested": amqp.Table{"list": []interface{}{"a", true, nil}}}
	publish(channel, "", queue, true, amqp.Publishing{
		Headers: headers, DeliveryMode: amqp.Persistent, CorrelationId: "c", Body: []byte("hello")})
	publish(channel, "", queue, true, amqp.Publishing{Body: make([]byte, 300000)})
	message, ok, err := channel.Get(queue, false)
	must(err)
	check(ok && string(message.Body) == "hello" && message.CorrelationId == "c", "got", message)
	check(fmt.Sprint(message.Headers) == fmt.Sprint(headers), "headers", message.Headers)
	must(message.Nack(false, true))
	message, ok, err = channel.Get(queue, false)
	must(err)
	check(ok && message.Redelivered, "it is not redelivered")
	must(message.Ack(false))
	message, ok, err = channel.Get(queue, true)
	must(err)
	check(ok && len(message.Body) == 300000, "large body")
	_, ok, err = channel.Get(queue, true)
	must(err)
	check(!ok, "more than was published")
}

func returns(channel *amqp.Channel) {
	returned := channel.NotifyReturn(make(chan amqp.Return, 1))
	publish(channel, "", "nowhere", true, amqp.Publishing{Body: []byte("back")})
	back := <-returned
	check(back.ReplyCode == 312 && string(back.Body) == "back", "returned", back)
}

func consume(channel *amqp.Channel, queue string) {
	must(channel.QueueBind(queue, "a.*", "amq.topic", false, nil))
	must(channel.Qos(5, 0, false))
	deliveries, err := channel.Consume(queue, "reader", false, false, false, false, nil)
	must(err)
	for i := 0; i < 50; i++ {
		publish(channel, "amq.topic", "a.b", false, amqp.Publishing{Body: []byte(fmt.Sprint(i))})
	}
	for i := 0; i < 50; i++ {
		delivery := <-deliveries
		check(string(delivery.Body) == fmt.Sprint(i), "delivered", string(delivery.Body))
		must(delivery.Ack(i%3 == 0))
	}
	must(channel.Cancel("reader", false))
}

func call(channel *amqp.Channel, queue string) {
	answers, err := channel.Consume("amq.rabbitmq.reply-to", "", true, false, false, false, nil)
	must(err)
	publish(channel, "", queue, false, amqp.Publishing{ReplyTo: "amq.rabbitmq.reply-to", CorrelationId: "7"})
	request, ok, err := channel.Get(queue, true)
	must(err)
	check(ok, "no request")
	publish(channel, "", request.ReplyTo, false, amqp.Publishing{CorrelationId: request.CorrelationId})
	check((<-answers).CorrelationId == "7", "another answer")
}

func errors(connection *amqp.Connection, url string) {
	channel, err := connection.Channel()
	must(err)
	_, err = channel.QueueDeclarePassive("missing", false, false, false, false, nil)
	closed, ok := err.(*amqp.Error)
	check(ok && closed.Code == 404 && strings.HasPrefix(closed.Reason, "NOT_FOUND"), "error", err)
	_, err = amqp.Dial(strings.Replace(url, "guest:guest", "guest:wrong", 1))
	check(err != nil, "logged in with a wrong password")
}

func main() {
	time.AfterFunc(time.Minute, func() { check(false, "it takes too long") })
	url := os.Args[1]
	connection, err := amqp.Dial(url)
	must(err)
	channel, err := connection.Channel()
	must(err)
	must(channel.Confirm(false))
	confirmations = channel.NotifyPublish(make(chan amqp.Confirmation, 1))
	queue, err := channel.QueueDeclare("", false, false, true, false, nil)
	must(err)
	publishAndGet(channel, queue.Name)
	returns(channel)
	consume(channel, queue.Name)
	call(channel, queue.Name)
	errors(connection, url)
	must(connection.Close())
}
