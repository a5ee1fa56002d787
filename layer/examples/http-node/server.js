// A web application without a framework: a page, a form, an image, a cookie and an event stream.
'use strict'
const http = require('http')

const page = `<!doctype html>
<meta charset="utf-8">
<title>Greetings</title>
<img src="/dot.gif" alt="" width="1" height="1">
<form method="post" action="/greet"><input name="name" value="World"><button>Greet</button></form>
<ul id="list"></ul>
<script>
const source = new EventSource('/ticks')
source.onmessage = event => {
  const item = document.createElement('li')
  item.textContent = event.data
  document.getElementById('list').append(item)
  if (event.data === '3') source.close()
}
</script>
`
const dot = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (request.method === 'POST' && pathname === '/greet') return greet(request, response)
  if (pathname === '/dot.gif') return response.writeHead(200, { 'Content-Type': 'image/gif' }).end(dot)
  if (pathname === '/ticks') return tick(response, 1)
  if (pathname !== '/') return response.writeHead(404, { 'Content-Type': 'text/plain' }).end('not here\n')
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Set-Cookie': 'seen=1; Path=/' }).end(page)
})

function greet(request, response) {
  const parts = []
  request.on('data', part => parts.push(part))
  request.on('end', () => {
    const name = new URLSearchParams(Buffer.concat(parts).toString()).get('name')
    const known = (request.headers.cookie || '').includes('seen=1') ? ' again' : ''
    response.writeHead(name ? 200 : 400, { 'Content-Type': 'text/plain; charset=utf-8' })
    response.end(name ? `Hello${known}, ${name}!\n` : 'a name is missing\n')
  })
}

function tick(response, number) {
  if (number === 1) response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache' })
  response.write(`data: ${number}\n\n`)
  if (number === 3) return response.end()
  setTimeout(tick, 100, response, number + 1)
}

server.listen(process.env.PORT)
