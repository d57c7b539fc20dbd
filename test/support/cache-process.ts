/** A process that has a layered cache on the Redis of its first argument, and is asked for keys. */
import { layeredCache } from '../../plugins/platform/adapters/cache-layered.ts'

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined, child: () => log }
const cache = await layeredCache.create({ log }, { redis: process.argv[2] ?? '', prefix: 'mortise', lease: 1_000, maxEntries: 100, maxBytes: 100_000 })
process.on('message', (key) => { void cache.get(String(key)).then((value) => process.send?.({ value })) })
process.on('disconnect', () => { process.exit() })
process.send?.({})
