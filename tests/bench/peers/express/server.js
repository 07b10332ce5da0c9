// SPDX-License-Identifier: Apache-2.0
// The ingress as it is usually written for Node: Express, jsonwebtoken, ajv, kafkajs; one send a request.
'use strict'
const { createPublicKey } = require('node:crypto')
const express = require('express')
const jwt = require('jsonwebtoken')
const { Kafka, logLevel } = require('kafkajs')
const { settings, schemaCompile, commandMake, roleOf } = require('../command.js')

const key = createPublicKey(settings.publicKey)
const expected = { algorithms: ['ES256'], issuer: settings.issuer, audience: settings.audience, clockTolerance: 30 }
const valid = schemaCompile('parcel.register.v1')
const kafka = new Kafka({ clientId: 'peer', brokers: settings.brokers.split(','), logLevel: logLevel.ERROR })
const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 5, allowAutoTopicCreation: false })
const verified = settings.token_cache ? new Map() : null

function verify (token) {
  const known = verified?.get(token)
  if (known && known.exp * 1000 > Date.now()) return known
  const claims = jwt.verify(token, key, expected)
  verified?.set(token, claims)
  return claims
}

function authenticate (request, response, next) {
  try {
    const [, token] = /^Bearer (.+)$/.exec(request.get('authorization') ?? '')
    request.claims = verify(token)
    next()
  } catch {
    response.status(401).json({ title: 'unauthorized' })
  }
}

const app = express()
app.disable('x-powered-by')
app.set('etag', false)
app.use(express.json({ limit: '64kb' }))
app.post('/v1/parcels', authenticate, async (request, response) => {
  if (!valid(request.body)) return response.status(422).json({ title: 'invalid', errors: valid.errors })
  const { record, reply } = commandMake(request.claims.sub, roleOf(request.claims), request.get('idempotency-key'),
    request.path, request.body)
  await producer.send({ topic: settings.topic, acks: -1, messages: [record] })
  response.status(202).location(reply.resource).json(reply)
})
app.use((error, request, response, next) => response.status(error.status ?? 503).json({ title: error.message }))

producer.connect().then(() => app.listen(settings.port, '127.0.0.1', () => console.log('ready')))
