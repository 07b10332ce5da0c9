// SPDX-License-Identifier: Apache-2.0
// What the two Node peers share: the settings, the body's schema compiled by ajv, and the record and reply of a
// command, byte for byte what colis-ingress makes of the same request (tests/bench/peers.py compares them).
'use strict'
const { createHash, createHmac, randomBytes } = require('node:crypto')
const { readFileSync } = require('node:fs')
const { join } = require('node:path')
const Ajv = require('ajv')
const addFormats = require('ajv-formats')

const settings = JSON.parse(readFileSync(process.argv[2]))
settings.publicKey = readFileSync(settings.public_key, 'utf8')
settings.serverKey = readFileSync(settings.server_key).toString().trim()

const CONTROL = '\\u0000-\\u001f\\u007f-\\u009f'
const FORMATS = {
  line: new RegExp(`^[^${CONTROL}]*$`, 'u'),
  text: /^[^\u0000-\u0008\u000b-\u001f\u007f-\u009f]*$/u,
  phone: /^\+[1-9][0-9]{7,14}$/,
  country: /^[A-Z]{2}$/,
  currency: /^[A-Z]{3}$/
}

/** The schema of a command's body, compiled once. */
function schemaCompile (command) {
  const ajv = new Ajv({ allErrors: false })
  addFormats(ajv, ['date-time', 'email'])
  for (const [name, format] of Object.entries(FORMATS)) ajv.addFormat(name, format)
  ajv.addKeyword('x-private')
  const types = join(settings.schemas, 'types')
  const read = file => JSON.parse(readFileSync(file))
  for (const file of ['recipient', 'address', 'point', 'size', 'category', 'money', 'declaration']) {
    ajv.addSchema({ $id: `/types/${file}.json`, ...read(join(types, `${file}.json`)) })
  }
  return ajv.compile({ $id: `/commands/${command}.json`, ...read(join(settings.schemas, 'commands', `${command}.json`)) })
}

function prefixed (parts) {
  return Buffer.concat(parts.flatMap(part => {
    const bytes = Buffer.from(part)
    const size = Buffer.alloc(8)
    size.writeUInt32BE(bytes.length, 4)
    return [size, bytes]
  }))
}

function derivedId (...parts) {
  const digest = createHash('sha256').update(prefixed(parts)).digest()
  digest[6] = (digest[6] & 0x0f) | 0x80
  digest[8] = (digest[8] & 0x3f) | 0x80
  const hex = digest.toString('hex', 0, 16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}

function sealed (...parts) {
  return createHmac('sha256', settings.serverKey).update(prefixed(parts)).digest().subarray(0, 16)
}

function receiptOf (command, person, now, fingerprint) {
  const front = Buffer.alloc(25)
  front[0] = 1
  front.writeBigUInt64BE(BigInt(now), 1)
  fingerprint.copy(front, 9)
  return Buffer.concat([front, sealed('receipt', command, person, front)]).toString('base64url')
}

/** The record of a parcel's registration, and the reply once it is stored. */
function commandMake (person, role, key, path, body) {
  const id = derivedId('command', person, key)
  const subject = derivedId('aggregate', id, 'parcel')
  const now = Date.now()
  const value = JSON.stringify(body)
  const fingerprint = sealed('fingerprint', 'POST', path, value)
  const headers = {
    ce_specversion: '1.0',
    ce_id: id,
    ce_source: '/ingress',
    ce_type: 'parcel.register.v1',
    ce_subject: `parcel/${subject}`,
    ce_time: new Date(now).toISOString(),
    ce_dataschema: '/schemas/commands/parcel.register.v1',
    ce_partitionkey: person,
    ce_principal: person,
    ce_role: role,
    ce_fingerprint: fingerprint.toString('hex'),
    'content-type': 'application/json',
    traceparent: `00-${randomBytes(16).toString('hex')}-${randomBytes(8).toString('hex')}-01`
  }
  const receipt = receiptOf(id, person, now, fingerprint)
  const resource = `${settings.query_url}/v1/parcels/${subject}`
  const reply = { id, status_url: `${settings.query_url}/v1/commands/${id}?receipt=${receipt}`, resource }
  return { record: { key: person, value, headers }, reply }
}

/** staff and lead as app_metadata says, else a person. */
function roleOf (claims) {
  const role = claims.app_metadata?.colis_role
  return role === 'staff' || role === 'lead' ? role : 'person'
}

module.exports = { settings, schemaCompile, commandMake, roleOf }
