// SPDX-License-Identifier: Apache-2.0
// The ingress as somebody who watches the clock writes it for Node: Fastify with its own compiled validation and
// serialisation, fast-jwt, and librdkafka by Confluent's binding with the producer settings of colis-ingress.
'use strict'
const fastify = require('fastify')
const { createVerifier } = require('fast-jwt')
const { KafkaJS } = require('@confluentinc/kafka-javascript')
const { settings, schemaCompile, commandMake, roleOf } = require('../command.js')

const verify = createVerifier({
  key: settings.publicKey, algorithms: ['ES256'], allowedIss: settings.issuer, allowedAud: settings.audience,
  clockTolerance: 30000, cache: settings.token_cache ? 1000 : false
})
const valid = schemaCompile('parcel.register.v1')
const producer = new KafkaJS.Kafka({ kafkaJS: { brokers: settings.brokers.split(','), logLevel: KafkaJS.logLevel.ERROR } })
  .producer({
    kafkaJS: { idempotent: true, acks: -1, compression: KafkaJS.CompressionTypes.LZ4, allowAutoTopicCreation: false },
    'linger.ms': 0.2,
    partitioner: 'murmur2_random'
  })

const text = { type: 'string' }
const taken = { type: 'object', properties: { id: text, status_url: text, resource: text } }
const app = fastify({ bodyLimit: 65536 })
app.setValidatorCompiler(({ httpPart }) => httpPart === 'body' ? valid : () => true)
app.setErrorHandler((error, request, reply) => reply.code(error.validation ? 422 : error.statusCode ?? 503)
  .send({ title: error.message }))
app.decorateRequest('claims', null)

async function authenticate (request, reply) {
  try {
    request.claims = verify(request.headers.authorization.slice('Bearer '.length))
  } catch {
    return reply.code(401).send({ title: 'unauthorized' })
  }
}

app.post('/v1/parcels', { onRequest: authenticate, schema: { body: {}, response: { 202: taken } } }, async (request, reply) => {
  const made = commandMake(request.claims.sub, roleOf(request.claims), request.headers['idempotency-key'],
    '/v1/parcels', request.body)
  await producer.send({ topic: settings.topic, messages: [made.record] })
  return reply.code(202).header('location', made.reply.resource).send(made.reply)
})

producer.connect().then(() => app.listen({ port: settings.port, host: '127.0.0.1' })).then(() => console.log('ready'))
