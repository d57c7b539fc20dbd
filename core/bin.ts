#!/usr/bin/env node
import { run } from './cli.ts'

process.exit(await run(process.argv.slice(2), {
  env: process.env, root: process.cwd(), out: (text) => process.stdout.write(text), err: (text) => process.stderr.write(text),
}))
