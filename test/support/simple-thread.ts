/** In place of the thread of the embedding model: answers with its own number as the count of tokens, fails at "fail", and dies of "die". */
import { parentPort, threadId } from 'node:worker_threads'
import type { Answer, Question } from '../../plugins/models/encoder/thread.ts'

parentPort?.on('message', ({ text }: Question) => {
  if (text === 'die') throw new Error('out of memory')
  setTimeout(() => { parentPort?.postMessage((text === 'fail' ? { failure: 'no such word' } : { vector: new Float32Array(1), tokens: threadId }) satisfies Answer) }, 20)
})
