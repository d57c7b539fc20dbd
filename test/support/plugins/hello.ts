import Joi from 'joi'
import { definePlugin, route } from '../../../core/index.ts'

const hello = route({
  method: 'GET', path: '/hello', surface: 'root', credential: 'none', access: 'public', resource: 'none', summary: 'Greets',
  reply: Joi.object({ hello: Joi.string().required() }), handle: () => ({ hello: 'world' }),
})
export default definePlugin({ name: 'hello', kernel: '^1', routes: [hello] })
