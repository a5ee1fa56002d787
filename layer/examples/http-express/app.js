// A web application with Express: a page, a form, an upload, an event stream, and events that are no requests.
'use strict'
const express = require('express')

const app = express()
const page = '<!doctype html><form method="post" action="/greet"><input name="name"><button>Greet</button></form>\n'

app.get('/', (request, response) => {
  response.cookie('seen', '1').cookie('theme', 'dark').send(page)
})

app.post('/greet', express.urlencoded(), (request, response) => {
  const { name } = request.body
  response.status(name ? 200 : 400).type('text').send(name ? `Hello, ${name}!\n` : 'a name is missing\n')
})

app.put('/files/:name', (request, response) => {
  let bytes = 0
  request.on('data', part => { bytes += part.length })
  request.on('end', () => response.json({ name: request.params.name, bytes }))
})

app.get('/ticks', (request, response) => {
  response.type('text/event-stream')
  let number = 1
  const timer = setInterval(() => {
    response.write(`data: ${number}\n\n`)
    if (number++ === 3) response.end()
  }, 50)
  response.on('close', () => clearInterval(timer))
})

// What is no HTTP event comes here: messages of a queue, for instance (AWS_LWA_PASS_THROUGH_PATH).
app.post('/events', express.json(), (request, response) => {
  const failed = (request.body.Records || []).filter(record => record.body !== 'good')
  response.json({ batchItemFailures: failed.map(record => ({ itemIdentifier: record.messageId })) })
})

app.listen(process.env.PORT)
