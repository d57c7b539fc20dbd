/** Texts whose words are as frequent as in English: the n-th most frequent word comes once for n times of the first (Zipf's law). */
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import type { Random } from '../faults/random.ts'

const VOCABULARY = 50_000
const SYLLABLES = Array.from('bcdfghklmnprstvz').flatMap((consonant) => Array.from('aeiou').map((vowel) => consonant + vowel))
const sums = Float64Array.from({ length: VOCABULARY })
for (let rank = 0, sum = 0; rank < VOCABULARY; rank += 1) sums[rank] = sum += 1 / (rank + 1)

/** By these a language is known, and most of them are in no index. */
const FREQUENT = (
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one were all we when there can '
  + 'been has more if no out do so what up said about other into than its time only could new'
).split(' ')

/** The frequent ones are short. */
const word = (rank: number): string => FREQUENT[rank] ?? madeUp(rank - FREQUENT.length)
const madeUp = (rank: number): string => rank < SYLLABLES.length ? SYLLABLES[rank] ?? '' : madeUp(Math.floor(rank / SYLLABLES.length) - 1) + (SYLLABLES[rank % SYLLABLES.length] ?? '')

/** From 0, the most frequent. */
export const anyRank = (dice: Random): number => {
  const wanted = dice.next() * (sums[VOCABULARY - 1] as number)
  let [low, high] = [0, VOCABULARY - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sums[middle] as number) < wanted) low = middle + 1
    else high = middle
  }
  return low
}
export const anyWord = (dice: Random): string => word(anyRank(dice))
/** Of some 420 characters. */
export const passage = (dice: Random): string => Array.from({ length: 90 }, () => anyWord(dice)).join(' ')
export const SEPARATOR = '\n\n'

/** Writes passages into a file until they are `count`, or have `bytes` bytes. */
export const writePassages = async (file: string, dice: Random, { count = Infinity, bytes = Infinity }: { count?: number; bytes?: number }): Promise<void> => {
  const out = createWriteStream(file)
  for (let [made, size] = [0, 0]; made < count && size < bytes; made += 1) {
    const text = passage(dice) + SEPARATOR
    size += text.length
    if (!out.write(text)) await once(out, 'drain')
  }
  out.end()
  await once(out, 'finish')
}
