/** The client as a package, from the command line: `npm run client -- --out DIR [--from URL]`, with a server running at that address. */
import { parseArgs } from 'node:util'
import { writeClient } from './generate.ts'

const { values: { out, from } } = parseArgs({ options: { out: { type: 'string' }, from: { type: 'string', default: 'http://127.0.0.1:5001' } } })
if (out === undefined) throw new Error('Say where the package shall be written: npm run client -- --out DIR')
const response = await fetch(new URL('/openapi.json', from))
if (!response.ok) throw new Error(`${from} has no description of its API (${response.status}). Enable the plugin openapi there.`)
await writeClient(await response.json() as Record<string, unknown>, out)
console.log(`The client of ${from} is in ${out}.`)
