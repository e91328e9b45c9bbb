// SPDX-FileCopyrightText: 2026 The QtAmqp Authors
// SPDX-License-Identifier: MIT

// amqplib (Node) with a broker; ends with 1 if something is not as it should be.
// usage: node amqplib.js NODE_MODULES URL
'use strict'

const assert = require('assert')
const [modules, url] = process.argv.slice(2)
const amqp = require(modules + '/amqplib')

const once = (emitter, name) => new Promise(resolve => emitter.once(name, resolve))

async function main () {
  const connection = await amqp.connect(url)
  const channel = await connection.createConfirmChannel()
  const { queue } = await channel.assertQueue('', { exclusive: true })

  // Publish, confirm, get.
  const headers = { number: 1, nested: { list: ['a', true, null] } }
  channel.publish('', queue, Buffer.from('hello'), { headers, persistent: true, correlationId: 'c' })
  channel.publish('', queue, Buffer.alloc(300000, 'x'))
  await channel.waitForConfirms()
  let message = await channel.get(queue)
  assert.strictEqual(message.content.toString(), 'hello')
  assert.deepStrictEqual(message.properties.headers, headers)
  assert.strictEqual(message.properties.correlationId, 'c')
  channel.nack(message)
  message = await channel.get(queue)
  assert(message.fields.redelivered)
  channel.ack(message)
  message = await channel.get(queue, { noAck: true })
  assert.strictEqual(message.content.length, 300000)
  assert.strictEqual(await channel.get(queue), false)

  // Return.
  const returned = once(channel, 'return')
  channel.publish('', 'nowhere', Buffer.from('back'), { mandatory: true })
  assert.strictEqual((await returned).fields.replyText, 'NO_ROUTE')

  // Consume, by an exchange.
  await channel.bindQueue(queue, 'amq.topic', 'a.*')
  await channel.prefetch(5)
  const bodies = []
  await new Promise(resolve => {
    channel.consume(queue, delivery => {
      bodies.push(delivery.content.toString())
      channel.ack(delivery)
      if (bodies.length === 50) resolve()
    }, { consumerTag: 'reader' })
    for (let i = 0; i < 50; i++) channel.publish('amq.topic', 'a.b', Buffer.from(String(i)))
  })
  assert.deepStrictEqual(bodies, Array.from({ length: 50 }, (_, i) => String(i)))
  await channel.cancel('reader')

  // RPC.
  const answered = new Promise(resolve => channel.consume('amq.rabbitmq.reply-to', resolve, { noAck: true }))
  channel.sendToQueue(queue, Buffer.from('ask'), { replyTo: 'amq.rabbitmq.reply-to', correlationId: '7' })
  await channel.waitForConfirms()
  const request = await channel.get(queue, { noAck: true })
  channel.sendToQueue(request.properties.replyTo, Buffer.from('answer'), { correlationId: request.properties.correlationId })
  assert.strictEqual((await answered).properties.correlationId, '7')

  // Errors.
  const other = await connection.createChannel()
  const failed = once(other, 'error')
  await assert.rejects(other.checkQueue('missing'), /404.*NOT_FOUND/)
  assert.strictEqual((await failed).code, 404)
  await assert.rejects(amqp.connect(url.replace('guest:guest', 'guest:wrong')), /403/)
  await connection.close()
}

main().catch(error => {
  console.error(error)
  process.exit(1)
})
