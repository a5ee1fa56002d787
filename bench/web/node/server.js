'use strict'
require('http').createServer((request, response) => {
  response.setHeader('Content-Type', 'text/plain')
  response.end('ok')
}).listen(process.env.PORT, '127.0.0.1')
