import { serve } from '@hono/node-server'
import { Hono } from 'hono'

const app = new Hono()
app.get('/', context => context.text(`page ${context.req.query('page')}`))
app.put('/files/:name', async context => {
  const body = await context.req.arrayBuffer()
  return context.json({ name: context.req.param('name'), bytes: body.byteLength })
})
serve({ fetch: app.fetch, port: Number(process.env.PORT) })
