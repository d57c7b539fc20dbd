/**
 * What the cache does in Redis, each step at once or not at all.
 *
 * An entry and a seal are `[json, name, mark, name, mark, …]`: the marks of its tags at the time of writing. It counts while all of them
 * stand, so forgetting a tag is removing its mark; a mark that Redis evicts takes its entries along, which is safe. Marks are random, so
 * none ever comes back. Removing needs no memory: it works in a Redis that is full.
 */
import type { Redis } from 'ioredis'
import { SINCE } from './redis-holders.ts'
import { script } from './redis.ts'
import type { Script } from './redis.ts'

const standing = `
local function standing(key, marks)
  local packed = redis.call('GET', key)
  if not packed then return nil end
  local entry = cmsgpack.unpack(packed)
  for i = 2, #entry, 2 do
    if redis.call('GET', marks .. entry[i]) ~= entry[i + 1] then return nil end
  end
  return entry
end
`
const announce = `
local function announce(channel, words)
  if channel ~= '' then redis.call('PUBLISH', channel, words) end
end
`
/** The list of those who hold copies, which says since when there is one. A month later it begins anew. See `redis-holders.ts`. */
const holdersOf = `
local function holdersOf(key, token)
  if key == '' then return {} end
  if redis.pcall('HSETNX', key, '${SINCE}', token) == 1 then redis.pcall('PEXPIRE', key, 2592000000) end
  return redis.call('HGETALL', key)
end
`
/** The mark of a name, made where there is none, which lasts at least as long as what is written with it. */
const markFor = `
local function markFor(key, token, life, ttl)
  redis.call('SET', key, token, 'PX', life, 'NX')
  if redis.call('PTTL', key) < ttl then redis.call('PEXPIRE', key, ttl + life) end
  return redis.call('GET', key)
end
`

/**
 * KEYS seal, entry, list of holders. ARGV marks; field and value for the list, or '' where nothing will be held.
 * → json, milliseconds left, names of its tags, 1 where it may be held
 */
const find = `${standing}
for i = 1, 2 do
  local entry = standing(KEYS[i], ARGV[1])
  if entry then
    local names = {}
    for i = 2, #entry, 2 do names[#names + 1] = entry[i] end
    local listed = ARGV[2] ~= '' and redis.pcall('HSET', KEYS[3], ARGV[2], ARGV[3])
    return {entry[1], redis.call('PTTL', KEYS[i]), names, type(listed) == 'number' and 1 or 0}
  end
end
return false
`

/** KEYS a mark each. ARGV token, life of the first, life of the others. → the marks */
const generation = `${markFor}
local marks = {}
for i, key in ipairs(KEYS) do
  local life = i == 1 and ARGV[2] or ARGV[3]
  marks[i] = markFor(key, ARGV[1], life, life / 2)
end
return marks
`

/** KEYS seal, entry, mark of the key. ARGV marks, json, ttl, token, life, channel, words for it, ifAbsent, expected mark or '', then name and expected mark of each tag. → 1 where written */
const store = `${standing}${announce}${markFor}
local marks, ttl = ARGV[1], tonumber(ARGV[3])
if standing(KEYS[1], marks) then return 0 end
if ARGV[8] == '1' and standing(KEYS[2], marks) then return 0 end
if ARGV[9] ~= '' then
  if redis.call('GET', KEYS[3]) ~= ARGV[9] then return 0 end
  for i = 10, #ARGV, 2 do
    if redis.call('GET', marks .. ARGV[i]) ~= ARGV[i + 1] then return 0 end
  end
end
local entry = {ARGV[2]}
for i = 10, #ARGV, 2 do
  entry[#entry + 1] = ARGV[i]
  entry[#entry + 1] = markFor(marks .. ARGV[i], ARGV[4], ARGV[5], ttl)
end
if redis.call('EXISTS', KEYS[2]) == 1 then announce(ARGV[6], ARGV[7]) end
redis.call('SET', KEYS[2], cmsgpack.pack(entry), 'PX', ttl)
return 1
`

/**
 * KEYS seal, entry, mark of the key. ARGV marks, json, ttl, token, life, channel, words for it, list of holders or '', name of the tag of
 * everything. → that list
 */
const seal = `${announce}${holdersOf}${markFor}
redis.call('UNLINK', KEYS[2], KEYS[3])
announce(ARGV[6], ARGV[7])
local ttl = tonumber(ARGV[3])
local mark = markFor(ARGV[1] .. ARGV[9], ARGV[4], ARGV[5], ttl)
redis.call('SET', KEYS[1], cmsgpack.pack({ARGV[2], ARGV[9], mark}), 'PX', ttl)
return holdersOf(ARGV[8], ARGV[4])
`

/** KEYS what goes. ARGV channel, words for it, list of holders or '', token. → that list */
const forget = `${announce}${holdersOf}
redis.call('UNLINK', unpack(KEYS))
announce(ARGV[1], ARGV[2])
return holdersOf(ARGV[3], ARGV[4])
`

/** KEYS list of holders. ARGV token. → the list */
const holders = `${holdersOf}
return holdersOf(KEYS[1], ARGV[1])
`

/** KEYS list of holders. ARGV field, what must stand there, what shall: '' for nothing. → 1 where it was changed */
const amend = `
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
if ARGV[3] == '' then redis.call('HDEL', KEYS[1], ARGV[1]) else redis.call('HSET', KEYS[1], ARGV[1], ARGV[3]) end
return 1
`

const sources = { find, generation, store, seal, forget, holders, amend }
export type Scripts = Readonly<Record<keyof typeof sources, Script>>

export const redisScripts = (client: Redis): Scripts =>
  Object.fromEntries(Object.entries(sources).map(([name, lua]) => [name, script(client, `cache${name}`, lua)])) as Record<keyof typeof sources, Script>
