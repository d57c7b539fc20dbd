/** Compresses answers of 1 KiB and more. Streams of events pass as they are: the kernel marks them. */
import compress from 'koa-compress'
import { defineAdapter, middleware } from '../../../core/index.ts'

export const compression = defineAdapter(middleware, 'compression', { create: () => ({ handle: compress() }) })
