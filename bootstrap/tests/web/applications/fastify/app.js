'use strict'
const fs = require('fs')
const fastify = require('fastify')({ bodyLimit: 8 << 20 })
const { Readable } = require('stream')

fastify.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (request, body, done) => done(null, body))
fastify.get('/', async (request, reply) => reply.type('text/plain').send(`page ${request.query.page}`))
fastify.put('/files/:name', async request => ({ name: request.params.name, bytes: request.body.length }))
// The second part comes when the file is there, so a reader that has the first one got it by itself.
fastify.get('/gated', async (request, reply) => {
  reply.type('text/event-stream')
  return reply.send(Readable.from((async function * () {
    yield 'data: first\n\n'
    while (!fs.existsSync('gate')) await new Promise(resolve => setTimeout(resolve, 5))
    yield 'data: last\n\n'
  })()))
})
fastify.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })
