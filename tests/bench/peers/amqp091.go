// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// amqp091-go under the workloads of the plan.
// usage: bench_amqp091 HOST PORT WORKLOAD COUNT SIZE QUEUE   (see ../run.py)
package main

import (
	"context"
	"fmt"
	"os"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	amqp "github.com/rabbitmq/amqp091-go"
)

type sample struct{ wall, user, sys float64 }

var started, stopped sample
var latencies []float64

func now() sample {
	var usage syscall.Rusage
	must(syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)*1e-6 }
	return sample{float64(time.Now().UnixNano()) * 1e-9, seconds(usage.Utime), seconds(usage.Stime)}
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func open(url string) (*amqp.Connection, *amqp.Channel) {
	connection, err := amqp.DialConfig(url, amqp.Config{Heartbeat: 0, Locale: "en_US"})
	must(err)
	channel, err := connection.Channel()
	must(err)
	return connection, channel
}

func confirm(channel *amqp.Channel, count int, publish func()) {
	must(channel.Confirm(false))
	confirms := channel.NotifyPublish(make(chan amqp.Confirmation, 2000))
	started = now()
	for sent, acked := 0, 0; acked < count; acked++ {
		for sent < count && sent < acked+1000 {
			publish()
			sent++
		}
		<-confirms
	}
	stopped = now()
}

func consume(channel *amqp.Channel, queue string, count, every int) {
	if every > 0 {
		must(channel.Qos(1000, 0, false))
	}
	started = now()
	deliveries, err := channel.Consume(queue, "", every == 0, false, false, false, nil)
	must(err)
	for i := 1; i <= count; i++ {
		delivery := <-deliveries
		if every > 0 && i%every == 0 {
			must(delivery.Ack(every > 1))
		}
	}
	stopped = now()
}

// The last thousand deliveries are kept.
func keep(channel *amqp.Channel, queue string, count int) {
	kept := make([]amqp.Delivery, 1000)
	started = now()
	deliveries, err := channel.Consume(queue, "", true, false, false, false, nil)
	must(err)
	for i := 0; i < count; i++ {
		kept[i%len(kept)] = <-deliveries
	}
	stopped = now()
}

func ping(channel *amqp.Channel, queue string, count int, publish func()) {
	deliveries, err := channel.Consume(queue, "", true, false, false, false, nil)
	must(err)
	started = now()
	for i := 0; i < count; i++ {
		start := time.Now()
		publish()
		<-deliveries
		latencies = append(latencies, time.Since(start).Seconds())
	}
	stopped = now()
}

func connections(url string, count int) {
	started = now()
	for i := 0; i < count; i++ {
		start := time.Now()
		connection, channel := open(url)
		must(channel.Close())
		must(connection.Close())
		latencies = append(latencies, time.Since(start).Seconds())
	}
	stopped = now()
}

func run(url, workload, queue string, count, size int) {
	if workload == "conn" {
		connections(url, count)
		return
	}
	connection, channel := open(url)
	defer connection.Close()
	message := amqp.Publishing{Body: make([]byte, size)}
	publishTo := func(key string) {
		must(channel.PublishWithContext(context.Background(), "", key, false, false, message))
	}
	publish := func() { publishTo(queue) }
	switch workload {
	case "pub", "pub-keys":
		keys := make([]string, 1000)
		for i := range keys {
			keys[i] = queue
			if workload == "pub-keys" {
				keys[i] += strconv.Itoa(i)
			}
		}
		started = now()
		for i := 0; i < count; i++ {
			publishTo(keys[i%len(keys)])
		}
		must(channel.Qos(1, 0, false)) // its reply says that all was read
		stopped = now()
	case "conf":
		confirm(channel, count, publish)
	case "cons-ack":
		consume(channel, queue, count, 1)
	case "cons-mult":
		consume(channel, queue, count, 100)
	case "cons-noack":
		consume(channel, queue, count, 0)
	case "cons-keep":
		keep(channel, queue, count)
	case "ping":
		ping(channel, queue, count, publish)
	}
}

func report(workload string, count, size int) {
	peak := 0
	status, _ := os.ReadFile("/proc/self/status")
	if _, rest, found := strings.Cut(string(status), "VmHWM:"); found {
		fmt.Sscan(rest, &peak)
	}
	extra := ""
	if latencies != nil {
		sort.Float64s(latencies)
		extra = fmt.Sprintf(`,"p50_us":%.1f,"p99_us":%.1f`,
			latencies[(count-1)/2]*1e6, latencies[(count-1)*99/100]*1e6)
	}
	fmt.Printf(`{"peer":"amqp091-go","wl":"%s","n":%d,"size":%d,"wall":%.6f,"user":%.6f,"sys":%.6f,"rss_kb":%d%s}`+"\n",
		workload, count, size, stopped.wall-started.wall, stopped.user-started.user,
		stopped.sys-started.sys, peak, extra)
}

func main() {
	if len(os.Args) < 7 {
		fmt.Fprintln(os.Stderr, "usage: bench_amqp091 HOST PORT WORKLOAD COUNT SIZE QUEUE")
		os.Exit(2)
	}
	count, _ := strconv.Atoi(os.Args[4])
	size, _ := strconv.Atoi(os.Args[5])
	run("amqp://guest:guest@"+os.Args[1]+":"+os.Args[2]+"/", os.Args[3], os.Args[6], count, size)
	report(os.Args[3], count, size)
}
