// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// amqplib (Node) under the workloads of the plan.
// usage: node amqplib.js NODE_MODULES HOST PORT WORKLOAD COUNT SIZE QUEUE   (see ../run.py)
'use strict'

const [modules, host, port, workload, count, size, queue] = process.argv.slice(2)
  .map((argument, i) => i === 4 || i === 5 ? Number(argument) : argument)
if (queue === undefined) {
  console.error('usage: node amqplib.js NODE_MODULES HOST PORT WORKLOAD COUNT SIZE QUEUE')
  process.exit(2)
}
const amqp = require(modules + '/amqplib')
const body = Buffer.alloc(size, 'x')
const latencies = []
let started, stopped

function now () {
  const cpu = process.cpuUsage()
  return { wall: performance.now() / 1e3, user: cpu.user / 1e6, sys: cpu.system / 1e6 }
}

async function open () {
  // Without noDelay each small exchange would wait for the kernel's delayed acknowledgement.
  const connection = await amqp.connect(`amqp://guest:guest@${host}:${port}/?heartbeat=0`, { noDelay: true })
  const channel = await (['conf', 'perf'].includes(workload) ? connection.createConfirmChannel() : connection.createChannel())
  return { connection, channel }
}

async function publish (channel) {
  const keys = Array.from({ length: 1000 }, (_, i) => workload === 'pub-keys' ? queue + i : queue)
  started = now()
  for (let i = 0; i < count; i++) {
    if (!channel.publish('', keys[i % keys.length], body)) await new Promise(resolve => channel.once('drain', resolve))
  }
  await channel.prefetch(1) // its reply says that all was read
  stopped = now()
}

function confirm (channel) {
  return new Promise(resolve => {
    let sent = 0
    let acked = 0
    const fill = () => {
      for (; sent < count && sent < acked + 1000; sent++) channel.publish('', queue, body, {}, confirmed)
    }
    const confirmed = () => {
      if (++acked < count) return fill()
      stopped = now()
      resolve()
    }
    started = now()
    fill()
  })
}

async function consume (channel) {
  const every = { 'cons-ack': 1, 'cons-mult': 100, 'cons-noack': 0, 'cons-keep': 0 }[workload]
  const kept = workload === 'cons-keep' ? new Array(1000) : null
  if (every) await channel.prefetch(1000)
  await new Promise(resolve => {
    let received = 0
    started = now()
    channel.consume(queue, message => {
      received++
      if (kept) kept[received % kept.length] = message
      if (every && received % every === 0) channel.ack(message, every > 1)
      if (received === count) {
        stopped = now()
        resolve()
      }
    }, { noAck: !every })
  })
}

// As `qamqp perf -c 1000 -q 1000`: publishing and consuming at once, the time of sending in each message.
async function perf () {
  const [producer, consumer] = await Promise.all([open(), open()])
  await consumer.channel.prefetch(1000)
  const done = new Promise(resolve => {
    consumer.channel.consume(queue, message => {
      latencies.push(Number(process.hrtime.bigint() - message.content.readBigInt64LE()) / 1e3)
      consumer.channel.ack(message)
      if (latencies.length === count) resolve()
    })
  })
  let sent = 0
  let acked = 0
  const fill = () => {
    for (; sent < count && sent < acked + 1000; sent++) {
      const stamped = Buffer.alloc(size)
      stamped.writeBigInt64LE(process.hrtime.bigint())
      producer.channel.publish('', queue, stamped, {}, () => { acked++; fill() })
    }
  }
  started = now()
  fill()
  await done
  stopped = now()
}

async function ping (channel) {
  let pong
  await channel.consume(queue, () => pong(), { noAck: true })
  started = now()
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    channel.publish('', queue, body)
    await new Promise(resolve => { pong = resolve })
    latencies.push((performance.now() - start) * 1e3)
  }
  stopped = now()
}

async function connections () {
  started = now()
  for (let i = 0; i < count; i++) {
    const start = performance.now()
    const { connection, channel } = await open()
    await channel.close()
    await connection.close()
    latencies.push((performance.now() - start) * 1e3)
  }
  stopped = now()
}

function report () {
  const result = { peer: 'amqplib', wl: workload, n: count, size, rss_kb: process.resourceUsage().maxRSS }
  for (const kind of ['wall', 'user', 'sys']) result[kind] = stopped[kind] - started[kind]
  if (latencies.length) {
    latencies.sort((a, b) => a - b)
    result.p50_us = latencies[(count - 1) >> 1]
    result.p99_us = latencies[Math.floor((count - 1) * 0.99)]
  }
  console.log(JSON.stringify(result))
}

async function main () {
  if (workload === 'conn') {
    await connections()
  } else if (workload === 'perf') {
    await perf()
  } else {
    const { channel } = await open()
    const work = { pub: publish, 'pub-keys': publish, conf: confirm, ping }[workload] ?? consume
    await work(channel)
  }
  report()
}

main().then(() => process.exit(0), error => {
  console.error(error.message)
  process.exit(1)
})
